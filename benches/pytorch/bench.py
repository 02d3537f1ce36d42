"""Times this project's models in PyTorch: diffusers' `UNet2DModel` and the MLP, training steps with AdamW and forward passes.

    pip install -r benches/pytorch/requirements.txt
    python benches/pytorch/bench.py                                # on CUDA if there is one, otherwise on the CPU
    python benches/pytorch/bench.py --models course --batches 128 --modes eager,compile --tf32 off,on --json result.json
    python benches/pytorch/bench.py --models course --batches 8 --threads 1
    cargo build --release --example race && python benches/pytorch/bench.py --ours target/release/examples/race --ours-on gpu

Same networks (tests/unet.rs compares them with diffusers number by number), shapes and optimiser as `cargo bench` and the races of
bench.html; the weights are PyTorch's own random ones, which no clock can tell. Two things are in this engine's step and not in
PyTorch's: drawing the batch and its noise, and the moving average of the weights. The optimiser is PyTorch's fused one where it
has one. A step ends with its work done, but the host waits only once per repeat: launches run ahead as they do in training.

With `--ours` each repeat is followed by one of this engine, in a process of its own on the same machine: PyTorch, ours, PyTorch,
ours; the last column is the median of PyTorch's time by ours. Above 1, ours is faster.

Prints a table: median and least time of the repeats. `--json` writes every repeat, as `scripts/performance.mjs` reads it.
"""

import argparse
import datetime
import json
import math
import platform
import statistics
import subprocess
import sys
import time

import diffusers
import torch
from torch import nn

CLASSES = 11  # ten and "no class"
BATCHES = {"mlp": [1024], "small": [8, 32, 64, 128], "course": [8, 32, 128]}
UNETS = {
    "small": dict(
        block_out_channels=(8, 16, 32),
        layers_per_block=1,
        norm_num_groups=4,
        down_block_types=("DownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
    ),
    "course": dict(
        block_out_channels=(32, 64, 64),
        layers_per_block=2,
        norm_num_groups=32,
        down_block_types=("DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
    ),
}


class Mlp(nn.Module):
    """eps(x, t): cosines and sines of the timestep beside the point, three layers of 256 with SiLU."""

    def __init__(self, width=256, layers=3, embedding=64):
        super().__init__()
        half = embedding // 2
        self.register_buffer("frequencies", torch.exp(-math.log(10000) * torch.arange(half) / half))
        sizes = [embedding + 2] + [width] * layers
        hidden = [part for a, b in zip(sizes, sizes[1:]) for part in (nn.Linear(a, b), nn.SiLU())]
        self.net = nn.Sequential(*hidden, nn.Linear(width, 2))

    def forward(self, x, t, _labels):
        angle = t[:, None] * self.frequencies
        return self.net(torch.cat([angle.cos(), angle.sin(), x], dim=1))


class Unet(nn.Module):
    def __init__(self, name):
        super().__init__()
        self.unet = diffusers.UNet2DModel(
            sample_size=28, in_channels=1, out_channels=1, num_class_embeds=CLASSES, attention_head_dim=8, **UNETS[name]
        )

    def forward(self, x, t, labels):
        return self.unet(x, t, class_labels=labels, return_dict=False)[0]


def synchronize(device):
    if device.type == "cuda":
        torch.cuda.synchronize()


def make(name, batch, what, compiled, options):
    """A function that does the work once, and how many parameters the model has."""
    device = options.device
    torch.manual_seed(1)
    model = (Mlp() if name == "mlp" else Unet(name)).to(device)
    shape = (batch, 2) if name == "mlp" else (batch, 1, 28, 28)
    x, noise = torch.randn(shape, device=device), torch.randn(shape, device=device)
    t = torch.randint(0, 1000, (batch,), device=device)
    labels = torch.randint(0, CLASSES, (batch,), device=device)
    if options.channels_last and name != "mlp":
        model, x, noise = (thing.to(memory_format=torch.channels_last) for thing in (model, x, noise))
    count = sum(p.numel() for p in model.parameters())
    run = torch.compile(model, mode=options.compile_mode) if compiled else model
    if what == "forward":
        model.eval()

        def forward():
            with torch.inference_mode():
                return run(x, t, labels)

        return forward, count
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01, fused=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.mse_loss(run(x, t, labels), noise)
        loss.backward()
        optimizer.step()
        return loss

    return step, count


class Ours:
    """This engine in a process that waits to be asked: examples/race.rs."""

    def __init__(self, program, name, batch, what, where, span):
        command = [program, name, str(batch), what, where]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.adapter = self.process.stdout.readline().strip()
        self.times = 1
        self.time()
        self.times = often(self.time() / 1e3, span)

    def time(self):
        """Milliseconds each."""
        self.process.stdin.write(f"{self.times}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def often(seconds, span):
    """How often to do what takes so long, for a repeat of `span` seconds."""
    return min(1024, max(1, math.ceil(span / seconds)))


def measure(work, device, repeats, span, ours):
    """Milliseconds each, per repeat, of PyTorch and of ours. A repeat takes `span` seconds or one run of the work."""
    for _ in range(3):
        work()
    synchronize(device)
    start = time.perf_counter()
    work()
    synchronize(device)
    times = often(time.perf_counter() - start, span)
    theirs, mine = [], []
    for _ in range(repeats):
        synchronize(device)
        start = time.perf_counter()
        for _ in range(times):
            work()
        synchronize(device)
        theirs.append((time.perf_counter() - start) * 1e3 / times)
        if ours:
            mine.append(ours.time())
    return theirs, mine


def processor():
    """The CPU's name, where the system tells."""
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def listed(text):
    return text.split(",")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=listed, default=["mlp", "small", "course"])
    parser.add_argument("--batches", type=listed, help="instead of the usual ones")
    parser.add_argument("--what", type=listed, default=["step", "forward"])
    parser.add_argument("--modes", type=listed, default=["eager", "compile"])
    parser.add_argument("--compile-mode", default="default", help="as in torch.compile")
    parser.add_argument("--tf32", type=listed, default=["off", "on"], help="off, on or off,on; without effect on a CPU")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--device", type=torch.device, default=torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    parser.add_argument("--threads", type=int, help="of the CPU")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--span", type=float, default=0.5, help="seconds a repeat takes at least")
    parser.add_argument("--ours", help="program built from examples/race.rs, to take turns with")
    parser.add_argument("--ours-on", choices=["cpu", "gpu"], help="where it runs; as PyTorch does if not said")
    parser.add_argument("--json", help="file to write")
    options = parser.parse_args()

    if options.threads:
        torch.set_num_threads(options.threads)
    on_cuda = options.device.type == "cuda"
    adapter = torch.cuda.get_device_name(options.device) if on_cuda else f"{processor()}, {torch.get_num_threads()} threads"
    print(f"{adapter}; PyTorch {torch.__version__}, diffusers {diffusers.__version__}")
    head = f"{'model':<8}{'parameters':>11}{'batch':>7}  {'what':<9}{'mode':<9}{'TF32':<6}{'median ms':>11}{'least ms':>11}{'samples/s':>12}"
    print(head + (f"{'ours, least':>13}{'ratio':>8}" if options.ours else ""))
    results = []
    for tf32 in options.tf32 if on_cuda else ["off"]:
        torch.backends.cuda.matmul.allow_tf32 = tf32 == "on"
        torch.backends.cudnn.allow_tf32 = tf32 == "on"
        for name in options.models:
            for batch in map(int, options.batches or BATCHES[name]):
                for what in options.what:
                    for mode in options.modes:
                        torch.compiler.reset()
                        work, count = make(name, batch, what, mode == "compile", options)
                        where = options.ours_on or ("gpu" if on_cuda else "cpu")
                        ours = Ours(options.ours, name, batch, what, where, options.span) if options.ours else None
                        times, mine = measure(work, options.device, options.repeats, options.span, ours)
                        median, least = statistics.median(times), min(times)
                        peer = f"PyTorch, {mode}" + (f", TF32 {tf32}" if on_cuda else "")
                        row = dict(model=name, parameters=count, batch=batch, what=what, peer=peer, peer_version=torch.__version__)
                        row |= dict(peer_on=adapter, peer_ms=times)
                        line = f"{name:<8}{count:>11}{batch:>7}  {what:<9}{mode:<9}{tf32:<6}{median:>11.3f}{least:>11.3f}{batch / median * 1e3:>12.1f}"
                        if ours:
                            ours.close()
                            ratios = [a / b for a, b in zip(times, mine)]
                            row |= dict(ours_on=ours.adapter, ours_ms=mine)
                            line += f"{min(mine):>13.3f}{statistics.median(ratios):>8.2f}"
                        results.append(row)
                        print(line, flush=True)
    if options.json:
        with open(options.json, "w") as file:
            command = " ".join(["python benches/pytorch/bench.py", *sys.argv[1:]])
            about = {"date": datetime.date.today().isoformat(), "command": command, "where": processor()}
            about |= {"diffusers": diffusers.__version__, "cuda": torch.version.cuda}
            json.dump({**about, "rows": results}, file, indent=1)


if __name__ == "__main__":
    main()
