"""Reading text with the tokenizer of a model that was trained elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from engine.data import TASKS, Interface
from engine.data.tokenizers import SubwordTokenizer, tokenizer_from
from engine.data.trained import EXAMPLES, TEXT, TOKENIZER_FILE, TrainedText, task_of
from engine.errors import RunError, UnknownNameError

PIECES = {"[UNK]": 0, "play": 1, "##ing": 2, "cat": 3, "the": 4}
BYTES = ["t", "h", "e", "Ġ", "c", "a", "th", "the", "Ġc", "Ġca"]


def wordpiece(**settings: object) -> str:
    """A tokenizer of BERT's kind."""
    inner = Tokenizer(models.WordPiece(PIECES, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    if settings.get("padded"):
        inner.enable_padding(length=9)
        inner.enable_truncation(1)
    return str(inner.to_str())


def byte_pairs() -> str:
    """A tokenizer of GPT-2's kind."""
    merges = [("t", "h"), ("th", "e"), ("Ġ", "c"), ("Ġc", "a")]
    inner = Tokenizer(models.BPE({token: i for i, token in enumerate(BYTES)}, merges))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    return str(inner.to_str())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / TOKENIZER_FILE).write_text(wordpiece())
    return tmp_path


def test_words_are_cut_into_the_pieces_that_the_model_knows() -> None:
    tokenizer = SubwordTokenizer(wordpiece())

    ids = tokenizer.encode("the cat playing chess")

    assert ids == [4, 3, 1, 2, 0]
    assert tokenizer.pieces(ids) == ["the", "cat", "play", "##ing", "[UNK]"]
    assert tokenizer.vocab_size == 5


def test_spaces_within_tokens_are_shown_and_decoded() -> None:
    tokenizer = SubwordTokenizer(byte_pairs())

    ids = tokenizer.encode("the ca")

    assert tokenizer.pieces(ids) == ["the", "␣ca"]
    assert tokenizer.decode(ids) == "the ca"


def test_ids_beyond_the_vocabulary_are_shown_as_unknown() -> None:
    assert SubwordTokenizer(byte_pairs()).pieces([99]) == ["�"]


def test_a_text_is_neither_filled_up_nor_cut_off() -> None:
    assert SubwordTokenizer(wordpiece(padded=True)).encode("the cat") == [4, 3]


def test_a_tokenizer_is_made_again_from_its_record() -> None:
    first = SubwordTokenizer(wordpiece())

    again = tokenizer_from(json.loads(json.dumps(first.to_dict())))

    assert again.encode("the cat") == first.encode("the cat")


def test_the_text_of_a_trained_model_is_read_with_its_own_tokenizer(folder: Path) -> None:
    task = task_of(folder, TEXT)

    read = task.read("the cat", Interface.named("tokens", optional=["padding"]))

    assert {name: ids.tolist() for name, ids in read.items()} == {"tokens": [[4, 3]]}
    assert task.tokenizer.pieces(read["tokens"][0].tolist()) == ["the", "cat"]


def test_an_encoder_decoder_reads_the_text_and_begins_its_answer(folder: Path) -> None:
    read = task_of(folder, TEXT).read("the cat", Interface.named("source", "target"))

    assert {name: ids.tolist() for name, ids in read.items()} == {"source": [[4, 3]], "target": [[0]]}


def test_only_the_last_tokens_of_a_long_text_are_read(folder: Path) -> None:
    task = TrainedText(folder / TOKENIZER_FILE, max_len=2)

    assert task.read("cat the cat playing", Interface.named("tokens"))["tokens"].tolist() == [[1, 2]]


def test_an_empty_text_and_a_missing_tokenizer_are_told(folder: Path) -> None:
    with pytest.raises(RunError, match="empty"):
        task_of(folder, TEXT).read("", Interface.named("tokens"))
    (folder / TOKENIZER_FILE).unlink()
    with pytest.raises(RunError, match=r"no tokenizer\.json"):
        task_of(folder, TEXT).read("the", Interface.named("tokens"))


def test_a_run_of_a_task_has_that_task(tmp_path: Path) -> None:
    assert task_of(tmp_path, "reverse") is TASKS["reverse"]
    with pytest.raises(UnknownNameError, match="reverse"):
        task_of(tmp_path, "revers")


def test_the_text_of_a_trained_model_is_no_task_to_train_for(folder: Path) -> None:
    task = task_of(folder, TEXT)

    assert TEXT not in TASKS
    assert [example.text for example in task.examples(2)] == list(EXAMPLES[:2])
    with pytest.raises(RunError, match="no task to train"):
        task.batch("train", torch.Generator(), 2, Interface.named("tokens"))
    with pytest.raises(RunError, match="gpt2"):
        task.sizes("gpt2")
