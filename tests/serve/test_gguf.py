"""The exported file answers in a real llama.cpp server as the checkpoint does in transformers."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gguf as library
import numpy as np
import pytest
import torch
import xllamacpp
from safetensors.numpy import load_file, save_file
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from volant.core.errors import BadInput, NotFound
from volant.serve.gguf import export, paired_rotation
from volant.serve.vocabulary import read_vocabulary

torch.set_num_threads(1)  # two threads that wait for each other are far slower on a busy machine

WORDS = ("where", "is", "my", "new", "card", "arrival", "the", "rate", "looks", "wrong", "why", "top", "up", "help")
ODD = [
    "  two  spaces\tand\n\na new line ", "it's DON'T we'RE i'll", "£50.00 € 12345678", "größe ñandú 日本語 🙂", "a",
    "...!?", "<|end|> x <|assistant|>",
]  # fmt: skip


def _questions(count: int) -> list[str]:
    random = np.random.default_rng(5)
    made = [" ".join(random.choice(WORDS, size=int(random.integers(1, 14)))) for _ in range(count - len(ODD))]
    return made + ODD


def _tokenizer() -> Any:
    """A byte-level tokenizer as `volant.train` makes them; written out here, as stages do not import each other."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<|pad|>", "<|user|>", "<|assistant|>", "<|end|>"]
    bpe.train_from_iterator(
        _questions(60), trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet)
    )
    template = (
        "{%- for m in messages -%}"
        "{{- '<|user|>' + (m['content'] | replace('<|', '< |') | lower | trim) -}}"
        "{%- endfor -%}"
        "{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}"
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, pad_token="<|pad|>", eos_token="<|end|>", chat_template=template,
        additional_special_tokens=["<|user|>", "<|assistant|>"],
    )  # fmt: skip


def _checkpoint(folder: Path, architecture: str) -> Path:
    """A model with weights large enough that its answers differ and are far from ties."""
    tokenizer = _tokenizer()
    torch.manual_seed(3)
    shape = {
        "vocab_size": len(tokenizer), "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 16, "intermediate_size": 96, "max_position_embeddings": 256,
        "tie_word_embeddings": architecture == "llama", "initializer_range": 0.4, "pad_token_id": 0,
        "bos_token_id": None, "eos_token_id": tokenizer.eos_token_id,
    }  # fmt: skip
    model = (
        LlamaForCausalLM(LlamaConfig(**shape)) if architecture == "llama" else Qwen3ForCausalLM(Qwen3Config(**shape))
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=["llama", "qwen3"])
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _checkpoint(tmp_path_factory.mktemp(request.param), request.param)


@contextmanager
def _server(model: Path) -> Iterator[Any]:
    """A real llama.cpp server, as a function from path and body to the answer."""
    wanted = xllamacpp.CommonParams()
    wanted.model.path = str(model)
    wanted.hostnames, wanted.port = ["127.0.0.1"], 0
    wanted.n_ctx, wanted.n_parallel = 512, 1
    wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = 1
    wanted.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    wanted.cache_type_k = wanted.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32  # random weights make close calls
    wanted.fit_params, wanted.cache_ram_mib, wanted.verbosity = False, 0, 1
    server = xllamacpp.Server(wanted)

    def ask(path: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(
            server.listening_address + path, json.dumps(body).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    yield ask


def _greedy(model: Any, ids: list[int], count: int) -> list[int]:
    """The tokens that transformers finds likeliest, without the one that ends an answer."""
    with torch.inference_mode():
        made = model.generate(torch.tensor([ids]), max_new_tokens=count, do_sample=False, pad_token_id=0)
    return _words(made[0, len(ids) :].tolist(), model)


def _words(tokens: list[int], model: Any) -> list[int]:
    return [token for token in tokens if token != model.config.eos_token_id]


def test_greedy_answers_and_tokens_equal_those_of_transformers(checkpoint: Path, tmp_path: Path) -> None:
    made = export(checkpoint, tmp_path / "model.gguf")
    model, tokenizer = AutoModelForCausalLM.from_pretrained(checkpoint), AutoTokenizer.from_pretrained(checkpoint)
    questions = _questions(100)
    answers = set()
    with _server(Path(made.path)) as ask:
        for question in questions:
            messages = [{"role": "user", "content": question}]
            prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
            assert ask("/apply-template", {"messages": messages})["prompt"] == prompt
            ids = ask("/tokenize", {"content": prompt, "parse_special": True, "add_special": False})["tokens"]
            assert ids == tokenizer(prompt, add_special_tokens=False)["input_ids"]
            body = {"prompt": ids, "temperature": 0, "n_predict": 8, "return_tokens": True}
            answer = _words(ask("/completion", body)["tokens"], model)
            assert answer == _greedy(model, ids, 8)
            answers.add(tuple(answer))
    assert len(answers) > 50  # a model that always says the same would prove nothing


def test_the_same_checkpoint_gives_the_same_bytes_and_a_name_only_when_whole(checkpoint: Path, tmp_path: Path) -> None:
    first, second = export(checkpoint, tmp_path / "a.gguf"), export(checkpoint, tmp_path / "b.gguf")
    assert first.sha256 == second.sha256 == hashlib.sha256((tmp_path / "a.gguf").read_bytes()).hexdigest()
    assert first.size_bytes == (tmp_path / "a.gguf").stat().st_size
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.gguf", "b.gguf"]


def test_eight_bits_are_near_the_full_weights_and_a_quarter_of_their_size(checkpoint: Path, tmp_path: Path) -> None:
    full = export(checkpoint, tmp_path / "full.gguf")
    small = export(checkpoint, tmp_path / "small.gguf", "q8_0")
    assert small.size_bytes < 0.4 * full.size_bytes
    reader = library.GGUFReader(tmp_path / "small.gguf")
    exact = {tensor.name: tensor for tensor in library.GGUFReader(tmp_path / "full.gguf").tensors}
    for tensor in reader.tensors:
        wanted = exact[tensor.name].data
        values = library.quants.dequantize(tensor.data, tensor.tensor_type)
        assert np.abs(values.reshape(wanted.shape) - wanted).max() <= np.abs(wanted).max() / 127 * 0.51


def test_rotation_pairs_become_neighbours() -> None:
    matrix = np.arange(8, dtype=np.float32)[:, None] * np.ones((1, 3), np.float32)
    assert paired_rotation(matrix, 1)[:, 0].tolist() == [0, 4, 1, 5, 2, 6, 3, 7]
    assert paired_rotation(matrix, 2)[:, 0].tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_type": "gpt2"}, "architecture"),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 10000.0}}, "rotary"),
        ({"hidden_act": "gelu"}, "activation"),
        ({"attention_bias": True}, "biases"),
        ({"vocab_size": 7}, "embeddings"),
    ],
)
def test_what_llama_cpp_would_do_otherwise_is_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    folder = _checkpoint(tmp_path / "checkpoint", "llama")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(BadInput) as caught:
        export(folder, tmp_path / "model.gguf")
    assert caught.value.code == "export_unsupported"
    assert said in caught.value.message
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_unknown_tensors_and_tokenizers_are_refused(tmp_path: Path) -> None:
    folder = _checkpoint(tmp_path / "checkpoint", "llama")
    tensors = load_file(folder / "model.safetensors")
    save_file(tensors | {"model.layers.0.router.weight": np.ones((2, 2), np.float32)}, folder / "model.safetensors")
    with pytest.raises(BadInput, match="router"):
        export(folder, tmp_path / "model.gguf")
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer | {"normalizer": {"type": "Lowercase"}}))
    with pytest.raises(BadInput, match="normaliser"):
        read_vocabulary(folder)
    with pytest.raises(NotFound):
        export(tmp_path, tmp_path / "model.gguf")


def test_a_real_pretrained_model_tells_the_same_story(test_data: Path, tmp_path: Path) -> None:
    source = test_data / "models" / "stories260K"
    made = export(source, tmp_path / "stories.gguf")
    model, tokenizer = AutoModelForCausalLM.from_pretrained(source), AutoTokenizer.from_pretrained(source)
    names = ["Tom", "Lily", "Ben", "Sue", "Max", "Anna", "Tim", "Mia", "Sam", "Zoe"]
    starts = [
        "{} was a", "One day, {} went to", "{} and the dog", "Once upon a time, {}", "The cat saw {}",
        "{} had a big red ball.", "It was dark and {}", '"Hello", said {}', "{} was sad because", "In the park {}",
    ]  # fmt: skip
    prompts = [start.format(name) for start in starts for name in names]
    same = 0
    with _server(Path(made.path)) as ask:
        for prompt in prompts:
            ids = ask("/tokenize", {"content": prompt, "add_special": True})["tokens"]
            assert ids == tokenizer(prompt)["input_ids"]
            body = {"prompt": ids, "temperature": 0, "n_predict": 16, "return_tokens": True}
            same += _words(ask("/completion", body)["tokens"], model) == _greedy(model, ids, 16)
    assert same == len(prompts) == 100
