"""Train a small GPT without a screen and see where its heads look: `.venv/bin/python examples/train_and_look.py`."""

import torch

import builder
import engine

HALF, LETTERS = 6, 12
SIZES = {"vocab_size": LETTERS, "max_len": 2 * HALF, "d_model": 32, "n_heads": 2, "n_layers": 2, "dropout": 0.0}


def main(steps: int = 150) -> tuple[list[int], list[int], float]:
    """Teach it to write a word again; gives the word, what it wrote, and the most a head looks at what it copies."""
    torch.manual_seed(0)
    torch.set_num_threads(1)  # small models are faster so
    document = builder.templates.build("gpt2", **SIZES)
    assert builder.validate(document).ok
    model = builder.compile_document(document)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(steps):
        words = torch.randint(LETTERS, (32, HALF)).repeat(1, 2)  # (B, T): every word twice
        logits = model(tokens=words)[:, HALF - 1 : -1]  # (B, HALF, V): what it expects in the second half
        loss = torch.nn.functional.cross_entropy(logits.transpose(1, 2), words[:, HALF:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    word = torch.randint(LETTERS, (1, HALF))
    written = engine.generation.generate(model, word, max_new_tokens=HALF)  # (1, T)
    print(f"loss {loss.item():.3f}, wanted {word.tolist()}, wrote {written[:, HALF:].tolist()}")
    with engine.inspection.record(model) as tape:
        model(tokens=written)
    looks = {path: weights[0].diagonal(1 - HALF, 1, 2).mean(1).tolist() for path, weights in tape.items()}  # H shares
    for path, heads in looks.items():
        print(path, "looks at the letter to copy:", [f"{share:.0%}" for share in heads])
    return word[0].tolist(), written[0, HALF:].tolist(), max(map(max, looks.values()))


if __name__ == "__main__":
    main()
