//! What a trained classifier of noised samples says of samples: to count how many it names rightly.

use std::collections::BTreeMap;

use super::config::Config;
use super::programs::{classify, samples_shape};
use super::trainer::Trainer;
use crate::data::ImageSet;
use crate::diffusion::{Schedule, TrainingTables};
use crate::graph::{Graph, PARAM, TensorType};
use crate::plan::{Backend, BufferId, HostSlice, LocalFuture, Plan, ProgramId};
use crate::threefry::Stream;
use crate::{Error, Result};

/// A program that names the classes of `count` samples at once.
pub struct Judge {
    count: usize,
    dim: usize,
    classes: usize,
    program: ProgramId,
    buffers: BTreeMap<String, BufferId>,
}

/// Noised samples of a run's data, with what is known of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NoisedBatch {
    /// `[count, …]` as the run has its samples.
    pub x: Vec<f32>,
    /// What a network is told of the time, `[count]`.
    pub times: Vec<f32>,
    /// Their classes.
    pub labels: Vec<u32>,
}

/// Stream of the host's draws for classifiers.
const STREAM: u32 = 0xC1A5_5000;

impl NoisedBatch {
    /// `count` samples that training may not have seen, each noised to a timestep of its own: fresh points, or images of the set.
    ///
    /// # Errors
    /// [`Error::Config`] if the run is on images and there are none.
    pub fn draw(config: &Config, images: Option<&ImageSet>, count: usize, seed: u32) -> Result<NoisedBatch> {
        let tables = TrainingTables::new(&Schedule::new(&config.schedule)?, &config.objective)?;
        let (clean, labels) = match (&config.images, images) {
            (None, _) => {
                let set = config.data.points(count, seed);
                (set.points.into_iter().flatten().collect::<Vec<f32>>(), set.labels)
            }
            (Some(about), Some(set)) if !set.is_empty() => {
                let mut random = Stream::new(seed, STREAM, 0);
                let chosen: Vec<usize> = (0..count).map(|_| random.below(set.len() as u32) as usize).collect();
                let size = set.image_bytes();
                let pixel = |byte: &u8| ((f64::from(*byte) / 127.5 - 1.0) * about.scale) as f32;
                let clean = chosen.iter().flat_map(|i| set.pixels()[i * size..(i + 1) * size].iter().map(pixel)).collect();
                (clean, chosen.iter().map(|i| u32::from(set.labels()[*i])).collect())
            }
            (Some(_), _) => return Err(Error::config("images", "there are none yet: give the run some first")),
        };
        let dim = clean.len() / count;
        let mut batch = NoisedBatch { x: clean, times: Vec::with_capacity(count), labels };
        for (i, sample) in batch.x.chunks_exact_mut(dim).enumerate() {
            let mut random = Stream::new(seed, STREAM + 1, i as u32);
            let t = random.below(tables.forward.len() as u32) as usize;
            let [signal, noise] = tables.forward[t];
            sample.iter_mut().for_each(|v| *v = (signal * f64::from(*v) + noise * random.normal()) as f32);
            batch.times.push(tables.times[t] as f32);
        }
        Ok(batch)
    }
}

impl Judge {
    /// The program over the classifier's averaged parameters.
    ///
    /// # Errors
    /// The device's own.
    pub async fn load(backend: &mut dyn Backend, classifier: &Trainer, count: usize) -> Result<Judge> {
        let config = classifier.config();
        let mut g = Graph::with_params(classifier.params().clone());
        let x = g.resource("judged", TensorType::f32(samples_shape(config, count)))?;
        let t = g.resource("judged times", TensorType::f32([count]))?;
        let logits = classify(&mut g, config, x, t)?;
        g.output("logits", logits)?;
        let plan = Plan::compile(&g, &backend.tuning())?;
        let mut buffers = BTreeMap::new();
        for resource in plan.resources.iter().filter(|r| r.name != PARAM) {
            buffers.insert(resource.name.clone(), backend.allocate(&resource.name, resource.dtype, resource.len)?);
        }
        let mut bound = buffers.clone();
        bound.extend(classifier.buffer("ema").map(|arena| (PARAM.to_string(), arena)));
        let program = match backend.load(&plan, &bound).await {
            Ok(program) => program,
            Err(error) => {
                buffers.into_values().for_each(|id| backend.free(id));
                return Err(error);
            }
        };
        Ok(Judge { count, dim: samples_shape(config, 1).elements(), classes: config.data_classes(), program, buffers })
    }

    /// Samples that it takes at once.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The likeliest class of each of at most [`Judge::count`] samples `x`, at `times`.
    ///
    /// # Errors
    /// [`Error::Config`] for `samples` if there are more, or their numbers are not those of samples; the device's own.
    pub fn classes(&self, backend: &mut dyn Backend, x: &[f32], times: &[f32]) -> Result<LocalFuture<'static, Result<Vec<u32>>>> {
        let given = times.len();
        if given > self.count || x.len() != given * self.dim {
            let message = format!("{} numbers for {given} samples: give {} for each of at most {}", x.len(), self.dim, self.count);
            return Err(Error::config("samples", message));
        }
        backend.write(self.buffers["judged"], 0, HostSlice::F32(x))?;
        backend.write(self.buffers["judged times"], 0, HostSlice::F32(times))?;
        backend.run(&[(self.program, 1)])?;
        let (reading, classes) = (backend.output(self.program, "logits"), self.classes);
        Ok(Box::pin(async move {
            let logits = reading.await?.floats();
            let likeliest = |row: &[f32]| row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(class, _)| class as u32);
            Ok(logits.chunks_exact(classes).take(given).map(likeliest).collect())
        }))
    }

    /// Frees the program and its buffers.
    pub fn destroy(self, backend: &mut dyn Backend) {
        backend.unload(self.program);
        self.buffers.into_values().for_each(|id| backend.free(id));
    }
}
