"""The random numbers of src/threefry.rs in numpy, bit for bit, and the tensors that fixtures are made of.

Fixtures do not store what both sides can generate. `uniforms(seed, stream, element, n)` are the first `n` results of
`Stream::new(seed, stream, element).uniform()`; everything here is made of them in f64 and rounded to f32 once, by operations
that IEEE 754 defines exactly (sum, product, square root), so that Rust gets the same bits:

    centred      2u - 1                             exact, in (-1, 1)
    noise        f32(sqrt(3) * (2u - 1))            mean 0, variance 1
    timestep     floor(u * T)                       `Stream::below(T)`

The exception is `normals`: `Stream::normal()` is a quantile of the normal distribution, computed by another algorithm
here; after rounding to f32 the two differ in the last bit once in many millions.

    python tests/python/threefry.py                 # checks itself against Random123's known answers
"""

import numpy as np

# Streams of fixtures: what a number is drawn for. The element is a parameter's place in the state dict or a step's number.
WEIGHTS, INPUT, NOISE, TIMESTEPS, LABELS, INDICES = 1, 2, 3, 4, 5, 6

_ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
_PARITY = 0x1BD11BDA


def threefry2x32(key, counter):
    """Threefry-2x32 with 20 rounds; `key` is two integers, `counter` two arrays (or integers) of 32-bit words."""
    x = [np.atleast_1d(np.asarray(word, dtype=np.uint32)) for word in counter]
    key = [np.uint32(word) for word in key]
    schedule = (key[0], key[1], np.uint32(_PARITY) ^ key[0] ^ key[1])
    with np.errstate(over="ignore"):
        x0, x1 = x[0] + key[0], x[1] + key[1]
        for group in range(5):
            for turn in range(4):
                by = _ROTATIONS[(group % 2) * 4 + turn]
                x0 = x0 + x1
                x1 = ((x1 << np.uint32(by)) | (x1 >> np.uint32(32 - by))) ^ x0
            x0 = x0 + schedule[(group + 1) % 3]
            x1 = x1 + schedule[(group + 2) % 3] + np.uint32(group + 1)
    return x0, x1


def words(seed, stream, element, n):
    """The first `n` results of `Stream::new(seed, stream, element).next_u32()`: block b of the counter gives words 2b, 2b + 1."""
    blocks = np.arange((n + 1) // 2, dtype=np.uint32)
    first, second = threefry2x32((seed, stream), (np.full_like(blocks, element), blocks))
    return np.stack([first, second], axis=1).reshape(-1)[:n]


def uniforms(seed, stream, element, n):
    """`n` uniform numbers in (0, 1), f64: the centre of one of 2^24 cells, from a word's upper 24 bits."""
    return ((words(seed, stream, element, n) >> np.uint32(8)).astype(np.float64) + 0.5) / 2.0**24


def centred(seed, stream, element, shape):
    """`2u - 1`, f64, in the order of the flat (row-major) tensor."""
    return (2.0 * uniforms(seed, stream, element, int(np.prod(shape))) - 1.0).reshape(shape)


def noise(seed, stream, element, shape):
    """Uniform numbers of mean 0 and variance 1, f32."""
    return (np.sqrt(3.0) * centred(seed, stream, element, shape)).astype(np.float32)


def below(seed, stream, element, n, limit):
    """`n` integers in 0..limit (`Stream::below`), int64."""
    return (uniforms(seed, stream, element, n) * np.float64(limit)).astype(np.int64)


def normals(seed, stream, element, shape):
    """Standard normal numbers, f32 (`Stream::normal() as f32`, but for the rare last bit)."""
    import torch

    u = torch.from_numpy(uniforms(seed, stream, element, int(np.prod(shape))))
    return torch.special.ndtri(u).numpy().astype(np.float32).reshape(shape)


def is_norm(name):
    """Whether a parameter of a diffusers model belongs to a normalisation: `norm1`, `group_norm`, `conv_norm_out`, …"""
    return "norm" in name.split(".")[-2]


def weights(shapes, seed):
    """Start values of all parameters, f32 by name; `shapes` is {name: shape} in the order of the state dict, PyTorch's layout.

    Parameter number i takes c = 2u - 1 from stream WEIGHTS, element i:

    - of a normalisation:  weight f32(1 + 0.2 c), bias f32(0.1 c), so that nothing is trivially 1 or 0;
    - an embedding table (`class_embedding.weight`):  f32(sqrt(3) c), as PyTorch's N(0, 1) in mean and variance;
    - of a linear or convolution layer:  f32(b c) with b = 1 / sqrt(fan_in), as PyTorch's default for weight and bias;
      fan_in is the product of the weight's sizes but the first.
    """
    result = {}
    for number, (name, shape) in enumerate(shapes.items()):
        c = centred(seed, WEIGHTS, number, shape)
        module, kind = name.rsplit(".", 1)
        if is_norm(name):
            values = 1.0 + 0.2 * c if kind == "weight" else 0.1 * c
        elif name == "class_embedding.weight":
            values = np.sqrt(3.0) * c
        else:
            fan_in = int(np.prod(shapes[module + ".weight"][1:]))
            values = (1.0 / np.sqrt(np.float64(fan_in))) * c
        result[name] = values.astype(np.float32)
    return result


def fingerprint(values):
    """A checksum of f32 values that minds bits and order: sum of (j + 1) * bits_j modulo 2^64, 16 hexadecimal digits."""
    bits = np.ascontiguousarray(values, dtype=np.float32).reshape(-1).view(np.uint32).astype(np.uint64)
    with np.errstate(over="ignore"):
        return f"{int(np.sum(bits * np.arange(1, bits.size + 1, dtype=np.uint64), dtype=np.uint64)):016x}"


def check():
    """Known answers of Random123 and of the tests in src/threefry.rs."""
    top = 0xFFFFFFFF
    for key, counter, want in [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((top, top), (top, top), (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ]:
        got = tuple(int(word[0]) for word in threefry2x32(key, counter))
        assert got == want, f"threefry2x32{key, counter} is {got}, should be {want}"
    first, second = threefry2x32((1, 2), ([3, 3], [0, 1]))
    assert words(1, 2, 3, 3).tolist() == [first[0], second[0], first[1]], "the order of a stream's words"
    assert fingerprint(np.array([1.0, 2.0])) == f"{0x3F800000 + 2 * 0x40000000:016x}"


check()

if __name__ == "__main__":
    print("threefry.py agrees with Random123's known answers")
