"""The model as MLflow serves it: text in, text out or label out; or tensors in, tensors out.

An exported model carries this file, joined with the modules it imports from here, so that it needs only torch and
mlflow where it is loaded (`engine.exporting.mlflow_folder` does that).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from mlflow.pyfunc.model import PythonModel, PythonModelContext
from numpy import ndarray
from pandas import DataFrame  # type: ignore[import-untyped]
from torch import Tensor

from engine.data.tokenizers import tokenizer_from
from engine.generation.decoding import Decoding


class TextModel(PythonModel):
    """Answers texts. Holds the exported program, its tokenizer and how to talk to it."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the files that came with the model."""
        files = {name: Path(path) for name, path in context.artifacts.items()}
        self.program = torch.export.load(files["program"]).module()
        self.tokenizer = tokenizer_from(json.loads(files["tokenizer"].read_text("utf-8")))
        self.talk = context.model_config

    def predict(
        self,
        context: PythonModelContext,  # noqa: ARG002 -- MLflow's signature
        model_input: DataFrame,
        params: dict[str, Any] | None = None,
    ) -> list[str]:
        """Answer every text.

        Args:
            context: Not used: all is loaded.
            model_input: A table whose first column is text; MLflow makes it of a list of texts, too.
            params: `max_new_tokens`, `temperature` and `seed`; a classifier has none.

        Returns:
            For each text what the model writes after it, or its label.
        """
        cells = model_input.iloc[:, 0]
        texts = [str(text) for cell in cells for text in ([cell] if isinstance(cell, str) else cell)]
        answers = dict.fromkeys(texts, "")
        rows = [self._ids(text) for text in answers]
        for length in {len(row) for row in rows}:
            alike = [text for text, row in zip(answers, rows, strict=True) if len(row) == length]
            ids = torch.tensor([row for row in rows if len(row) == length])
            answers.update(zip(alike, self._answer(ids, params or {}), strict=True))
        return [answers[text] for text in texts]

    def _ids(self, text: str) -> list[int]:
        is_line = self.talk["kind"] == "lm"
        ids = self.tokenizer.encode(text + self.talk["go"] if is_line else text)
        longest = self.talk["max_len"]
        if not ids:
            raise ValueError("A text is empty. Give at least one character.")
        if longest and len(ids) > longest and not (is_line and not self.talk["go"]):
            raise ValueError(f"{text!r} has {len(ids)} tokens; the model takes {longest}. Shorten it.")
        return ids

    def _answer(self, ids: Tensor, params: dict[str, Any]) -> list[str]:
        """Answers to ids (B, T) without padding: all rows are of one length."""
        if self.talk["kind"] == "classifier":
            with torch.no_grad():
                best = self._logits(tokens=ids).argmax(dim=-1)  # (B,)
            return [self.talk["labels"][i] for i in best.tolist()]
        if self.talk["kind"] == "filler":
            with torch.no_grad():
                best = self._logits(tokens=ids).argmax(dim=-1)  # (B, T)
            return [self.tokenizer.decode(row) for row in best.where(ids == self.talk["blank"], ids).tolist()]
        write = self._decoding(params)
        if self.talk["kind"] == "lm":
            written = write(lambda tokens: self._logits(tokens=tokens), ids)[:, ids.shape[1] :]
        else:
            (go,) = self.tokenizer.encode(self.talk["go"])
            first = ids.new_full((ids.shape[0], 1), go)  # (B, 1)
            written = write(lambda target: self._logits(source=ids, target=target), first)[:, 1:]
        texts = [self.tokenizer.decode(row) for row in written.tolist()]
        return [text.split(self.talk["stop"])[0] if self.talk["stop"] else text for text in texts]

    def _decoding(self, params: dict[str, Any]) -> Decoding:
        (stop,) = self.tokenizer.encode(self.talk["stop"]) or (None,)
        seed = int(params.get("seed", 0))
        return Decoding(
            max_new_tokens=int(params.get("max_new_tokens", self.talk["max_new_tokens"])),
            temperature=float(params.get("temperature", 0.0)),
            stop=stop,
            max_len=self.talk["max_len"],
            generator=torch.Generator().manual_seed(seed),
        )

    def _logits(self, **ids: Tensor) -> Tensor:
        """Run the program; masks that it insists on say that every token is real."""
        like = {"source_padding": "source", "padding": "target" if "target" in ids else "tokens"}
        masks = {name: torch.ones_like(ids[like[name]], dtype=torch.bool) for name in self.talk["masks"]}
        output = self.program(**ids, **masks)
        return output["logits"] if isinstance(output, dict) else output


class TensorModel(PythonModel):
    """Answers arrays with arrays. Holds the exported program."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the program."""
        self.program = torch.export.load(context.artifacts["program"]).module()
        self.inputs, self.outputs = (list(context.model_config[side]) for side in ("inputs", "outputs"))

    def predict(
        self,
        context: PythonModelContext,  # noqa: ARG002 -- MLflow's signature
        model_input: ndarray,  # or a dict of them, for which MLflow has no words
        params: dict[str, Any] | None = None,  # noqa: ARG002 -- MLflow's signature
    ) -> dict[str, Any]:
        """Run the program.

        Args:
            context: Not used: all is loaded.
            model_input: Arrays by input-port name, or the array of the only input.
            params: There are none.

        Returns:
            Arrays by output-port name.
        """
        given = model_input if isinstance(model_input, dict) else {self.inputs[0]: model_input}
        with torch.no_grad():
            output = self.program(**{name: torch.as_tensor(array) for name, array in given.items()})
        found = output if isinstance(output, dict) else {self.outputs[0]: output}
        return {name: tensor.numpy() for name, tensor in found.items()}
