"""Writes safetensors files whose bytes depend on their content alone; the library's order of metadata changes from run to run."""

import json

import torch

_NAMES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.int32: "I32", torch.int64: "I64", torch.uint8: "U8"}


def save(path, tensors, metadata):
    """Writes {name: tensor} with {key: string}. Wide types come first, so that every tensor is aligned."""
    header, parts, end = {"__metadata__": dict(sorted(metadata.items()))}, [], 0
    for name in sorted(tensors, key=lambda name: (-tensors[name].element_size(), name)):
        tensor = tensors[name].detach().cpu().contiguous()
        parts.append(tensor.numpy().tobytes())
        offsets = [end, end + len(parts[-1])]
        header[name] = {"dtype": _NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": offsets}
        end = offsets[1]
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(parts))
