//! The autotuner on a device: it changes no bit, leaves nothing behind, and its choices go with a run.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::runs::{small, train};
use pollster::block_on;
use unnoise::cpu::CpuBackend;
use unnoise::gpu::{Gpu, GpuBackend};
use unnoise::graph::Variant;
use unnoise::plan::Backend;
use unnoise::train::{Choices, SampleOptions, Sampler, Snapshot, Trainer, add_choices};

fn gpu() -> GpuBackend {
    GpuBackend::new(block_on(Gpu::request()).expect("a Vulkan adapter; in software: apt-get install mesa-vulkan-drivers"))
}

fn snapshot(backend: &mut dyn Backend, trainer: &Trainer) -> Snapshot {
    block_on(trainer.snapshot(backend)).expect("a snapshot")
}

/// The other choice for each key.
fn turned(choices: &Choices) -> Choices {
    let other = |v: &Variant| if *v == Variant::Registers4 { Variant::Registers8 } else { Variant::Registers4 };
    choices.iter().map(|(key, v)| (key.clone(), other(v))).collect()
}

#[test]
fn a_run_that_is_tuned_on_the_way_is_the_same_to_the_bit() {
    let mut backend = gpu();
    let mut straight = block_on(Trainer::new(&mut backend, &small())).expect("starts");
    let untuned = block_on(train(&mut backend, &mut straight, 24, 4)).expect("trains");
    let end = snapshot(&mut backend, &straight);
    straight.destroy(&mut backend);

    let mut trainer = block_on(Trainer::new(&mut backend, &small())).expect("starts");
    let mut losses = block_on(train(&mut backend, &mut trainer, 4, 4)).expect("trains").losses;
    // The clock's staging buffers stay in their pool: a tuner before this one has made them.
    let mut earlier = trainer.tuner(&backend, 2e-3).expect("a tuner");
    while !earlier.is_done() {
        block_on(earlier.turn(&mut backend)).expect("a turn");
    }
    let before = backend.memory();
    let mut tuner = trainer.tuner(&backend, 2e-3).expect("a tuner");
    assert!(tuner.waiting() > 0, "nothing to choose");
    let all = tuner.waiting();
    for _ in 0..2 {
        block_on(tuner.turn(&mut backend)).expect("a turn");
        losses.extend(block_on(train(&mut backend, &mut trainer, 4, 4)).expect("trains").losses);
    }
    while !tuner.is_done() {
        block_on(tuner.turn(&mut backend)).expect("a turn");
    }
    assert!(tuner.spent() > 0.0 && !tuner.choices().is_empty() && tuner.choices().len() <= all, "{:?}", tuner.choices());
    assert_eq!(backend.memory(), before, "the tuner left something on the device");

    // What was found, and then the contrary: the program is another each time, the numbers are not.
    let first = snapshot(&mut backend, &trainer).tuned.expect("a record").choices;
    for choices in [tuner.choices().clone(), turned(&first)] {
        add_choices(&mut backend, &choices);
        block_on(trainer.retune(&mut backend)).expect("compiles anew");
        assert_eq!(backend.memory(), before, "the program lies in other memory");
        losses.extend(block_on(train(&mut backend, &mut trainer, 6, 3)).expect("trains").losses);
    }
    assert_eq!(losses, untuned.losses);
    let tuned = snapshot(&mut backend, &trainer);
    assert_ne!(tuned.tuned, end.tuned);
    assert_eq!(Snapshot { tuned: None, ..tuned }, Snapshot { tuned: None, ..end });
}

#[test]
fn a_sampler_is_tuned_too() {
    let mut backend = gpu();
    let mut trainer = block_on(Trainer::new(&mut backend, &small())).expect("starts");
    block_on(train(&mut backend, &mut trainer, 4, 4)).expect("trains");
    let options = SampleOptions { num_samples: 50, num_inference_steps: 5, ..SampleOptions::default() };
    let mut kept = None;
    let samples = |backend: &mut GpuBackend, kept: &mut Option<Sampler>| {
        block_on(async { Sampler::run(kept, backend, &trainer, &options).await?.await }).expect("samples")
    };
    let before = samples(&mut backend, &mut kept);
    let sampler = kept.as_mut().expect("a sampler");
    let mut tuner = trainer.tuner(&backend, 2e-3).expect("a tuner");
    let of_training = tuner.waiting();
    tuner.add(&sampler.graph(&trainer).expect("a graph"), &backend.tuning()).expect("adds");
    assert!(tuner.waiting() > of_training, "a batch of 50 has other shapes than one of 33");
    while !tuner.is_done() {
        block_on(tuner.turn(&mut backend)).expect("a turn");
    }
    add_choices(&mut backend, &turned(tuner.choices()));
    block_on(sampler.retune(&mut backend, &trainer)).expect("compiles anew");
    assert_eq!(samples(&mut backend, &mut kept), before);
}

#[test]
fn choices_go_with_a_checkpoint() {
    let mut backend = gpu();
    let mut trainer = block_on(Trainer::new(&mut backend, &small())).expect("starts");
    let usual = snapshot(&mut backend, &trainer).tuned.expect("a record");
    add_choices(&mut backend, &turned(&usual.choices));
    block_on(trainer.retune(&mut backend)).expect("compiles anew");
    let saved = snapshot(&mut backend, &trainer);
    let record = saved.tuned.clone().expect("a record");
    assert_eq!(record.adapter, backend.info().name);
    assert_ne!(record.choices, usual.choices);
    let bytes = saved.to_bytes().expect("writes");
    assert_eq!(Snapshot::from_bytes(&bytes).expect("reads"), saved);

    // On the same adapter it runs as it did, on another as that sees fit.
    let mut again = gpu();
    let resumed = block_on(Trainer::start(&mut again, &saved)).expect("starts");
    assert_eq!(snapshot(&mut again, &resumed).tuned, saved.tuned);
    let mut elsewhere = saved.clone();
    elsewhere.tuned.as_mut().expect("a record").adapter = "another".into();
    let mut fresh = gpu();
    let resumed = block_on(Trainer::start(&mut fresh, &elsewhere)).expect("starts");
    assert_eq!(snapshot(&mut fresh, &resumed).tuned, Some(usual));
    // A CPU has nothing to choose.
    let mut cpu = CpuBackend::<f32>::new();
    let resumed = block_on(Trainer::start(&mut cpu, &saved)).expect("starts");
    assert_eq!(snapshot(&mut cpu, &resumed).tuned, None);

    // A record that is none is as good as none; so is a file from before there were any.
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    let header = String::from_utf8(bytes[8..8 + length].to_vec()).expect("text");
    assert!(header.contains("\"tuning\":"), "{header}");
    for (from, to) in
        [("registers", "nonsense_"), ("{\\\"version\\\":1,\\\"adapter", "{\\\"version\\\":7,\\\"adapter"), ("\"tuning\":", "\"notes!\":")]
    {
        let changed = header.replace(from, to);
        assert_eq!(changed.len(), header.len());
        let file = [&bytes[..8], changed.as_bytes(), &bytes[8 + length..]].concat();
        let read = Snapshot::from_bytes(&file).expect("a good file all the same");
        assert_eq!((read.tuned.clone(), read), (None, Snapshot { tuned: None, ..saved.clone() }), "{to}");
    }
}
