//! Once a run is under way, the CPU backend's steps take no memory: what kernels work in is kept.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use pollster::block_on;
use unnoise::cpu::CpuBackend;
use unnoise::train::{Config, ImageDataset, Preset, Trainer};

/// The system's allocator, counting. The only test of this binary is the only one to allocate.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "a global allocator cannot be written otherwise; every call goes to the system's as it came")]
// SAFETY: all calls are passed on to the system's allocator with their own arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the system allocator's contract, which is this one's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(place, layout, size) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Allocations of `steps` training steps, after two.
fn allocations(config: &Config, steps: usize) -> usize {
    let mut backend = CpuBackend::<f32>::new();
    let mut trainer = block_on(Trainer::new(&mut backend, config)).expect("a run");
    if let Some(images) = &config.images {
        let mut set = images.empty_set().expect("a set");
        let pixels: Vec<u8> = (0..16 * images.side * images.side).map(|i| (i * 37 % 251) as u8).collect();
        set.push(&pixels, &(0..16).map(|i| i % 10).collect::<Vec<u8>>()).expect("16 images");
        trainer.add_images(&mut backend, &set).expect("room for 16 images");
    }
    trainer.run(&mut backend, 2).expect("two steps");
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    trainer.run(&mut backend, steps).expect("more steps");
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

#[test]
fn steps_take_no_memory() {
    let mut points = Config::default();
    points.training.batch_size = 64;
    let mut images = Preset::Tiny.config(ImageDataset::Mnist);
    images.training.batch_size = 4;
    for (name, config) in [("points", points), ("images", images)] {
        // What a call of `run` itself takes is not counted twice: three steps are to take no more than one.
        assert_eq!(allocations(&config, 3), allocations(&config, 1), "{name}");
        assert!(allocations(&config, 1) <= 1, "{name}: the list of programs is all that a call may allocate");
    }
}
