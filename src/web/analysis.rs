//! Questions about what the run's network has learned: plain objects in, plain objects out. `www/src/worker/ask.ts` has their types.

use serde::Deserialize;
use wasm_bindgen::prelude::*;

use super::convert::{from_js, to_js};
use super::engine::{Engine, js};
use super::machine::Machine;
use super::shared::Shared;
use crate::Result;
use crate::train::SampleOptions;
use crate::train::analysis::{Probe, Subject};

type Answer = std::result::Result<JsValue, JsValue>;

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LossBandsAsk {
    bands: usize,
    count: usize,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ScoreErrorAsk {
    levels: usize,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ScoreMapAsk {
    timestep: usize,
    grid: usize,
    extent: f64,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LikelihoodAsk {
    count: usize,
    steps: usize,
    seed: u32,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct BoundAsk {
    count: usize,
    terms: usize,
    seed: u32,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct OneStepAsk {
    count: usize,
    levels: usize,
}

impl Default for LossBandsAsk {
    fn default() -> Self {
        LossBandsAsk { bands: 10, count: 64 }
    }
}

impl Default for ScoreErrorAsk {
    fn default() -> Self {
        ScoreErrorAsk { levels: 12 }
    }
}

impl Default for ScoreMapAsk {
    fn default() -> Self {
        ScoreMapAsk { timestep: 100, grid: 33, extent: 2.5 }
    }
}

impl Default for LikelihoodAsk {
    fn default() -> Self {
        LikelihoodAsk { count: 256, steps: 50, seed: 0 }
    }
}

impl Default for BoundAsk {
    fn default() -> Self {
        BoundAsk { count: 64, terms: 20, seed: 0 }
    }
}

impl Default for OneStepAsk {
    fn default() -> Self {
        OneStepAsk { count: 8, levels: 8 }
    }
}

impl Shared {
    /// Puts a question to the run as it is after all that was submitted; training waits until it is answered.
    async fn examine<T>(&self, question: impl AsyncFnOnce(&mut Subject<'_>) -> Result<T>) -> Result<T> {
        let mut machine = self.machine.take().await;
        let images = self.state.borrow().images();
        let Machine { backend, trainer, probe, .. } = &mut machine;
        let probe = probe.get_or_insert_with(|| Probe::new(trainer));
        let mut subject = Subject { probe, backend: backend.as_mut(), trainer, images: images.as_deref() };
        let answer = question(&mut subject).await;
        self.state.borrow_mut().memory = machine.backend.memory();
        self.machine.put(machine);
        answer
    }
}

#[wasm_bindgen]
impl Engine {
    /// Mean unweighted loss of `bands` bands of timesteps over `count` samples each, for both sets of parameters.
    #[wasm_bindgen(unchecked_return_type = "{ bands: { from: number, to: number, loss: number, loss_raw: number }[] }")]
    pub async fn loss_bands(&self, #[wasm_bindgen(unchecked_param_type = "{ bands?: number, count?: number }")] ask: JsValue) -> Answer {
        let LossBandsAsk { bands, count } = js(from_js(ask, ""))?;
        let shared = self.shared.clone();
        let found = shared.recovering(|| shared.examine(async |subject: &mut Subject<'_>| subject.loss_bands(count, bands).await)).await;
        js(found).map(|found| to_js(&found))
    }

    /// Learned against exact noise at `levels` timesteps; null unless the data are a mixture of Gaussians.
    #[wasm_bindgen(unchecked_return_type = "{ levels: { timestep: number, error: number, exact: number }[] } | null")]
    pub async fn score_error(&self, #[wasm_bindgen(unchecked_param_type = "{ levels?: number }")] ask: JsValue) -> Answer {
        let ScoreErrorAsk { levels } = js(from_js(ask, ""))?;
        let shared = self.shared.clone();
        let found = shared.recovering(|| shared.examine(async |subject: &mut Subject<'_>| subject.score_error(levels).await)).await;
        js(found).map(|found| to_js(&found))
    }

    /// Learned and exact score on a grid of `grid²` points; null unless the data are a mixture of Gaussians.
    #[wasm_bindgen(unchecked_return_type = "{ grid: number, extent: number, learned: number[], exact: number[] } | null")]
    pub async fn score_map(
        &self,
        #[wasm_bindgen(unchecked_param_type = "{ timestep?: number, grid?: number, extent?: number }")] ask: JsValue,
    ) -> Answer {
        let ScoreMapAsk { timestep, grid, extent } = js(from_js(ask, ""))?;
        let shared = self.shared.clone();
        let question = || shared.examine(async |subject: &mut Subject<'_>| subject.score_map(timestep, grid, extent).await);
        js(shared.recovering(question).await).map(|found| to_js(&found))
    }

    /// Bits per dimension of `count` fresh points by the probability-flow ODE in `steps` steps. Each `seed` has others.
    #[wasm_bindgen(unchecked_return_type = "{ bits_per_dim: number, standard_error: number, exact_bits_per_dim: number | null }")]
    pub async fn likelihood(
        &self,
        #[wasm_bindgen(unchecked_param_type = "{ count?: number, steps?: number, seed?: number }")] ask: JsValue,
    ) -> Answer {
        let LikelihoodAsk { count, steps, seed } = js(from_js(ask, ""))?;
        let shared = self.shared.clone();
        let found =
            shared.recovering(|| shared.examine(async |subject: &mut Subject<'_>| subject.likelihood(count, steps, seed).await)).await;
        js(found).map(|found| to_js(&found))
    }

    /// The variational bound in bits per dimension over `count` samples, its sum over timesteps in `terms` parts. Each `seed` has others.
    #[wasm_bindgen(
        unchecked_return_type = "{ prior: number, decoder: number, total: number, terms: { timestep: number, bits: number }[] }"
    )]
    pub async fn variational_bound(
        &self,
        #[wasm_bindgen(unchecked_param_type = "{ count?: number, terms?: number, seed?: number }")] ask: JsValue,
    ) -> Answer {
        let BoundAsk { count, terms, seed } = js(from_js(ask, ""))?;
        let shared = self.shared.clone();
        let question = || shared.examine(async |subject: &mut Subject<'_>| subject.variational_bound(count, terms, seed).await);
        js(shared.recovering(question).await).map(|found| to_js(&found))
    }

    /// What the network takes `count` noised samples for in a single step, at `levels` levels.
    #[wasm_bindgen(
        unchecked_return_type = "{ timesteps: number[], side: number, channels: number, noised: number[], predicted: number[], error: number[] }"
    )]
    pub async fn one_step(&self, #[wasm_bindgen(unchecked_param_type = "{ count?: number, levels?: number }")] ask: JsValue) -> Answer {
        let OneStepAsk { count, levels } = js(from_js(ask, ""))?;
        let shared = self.shared.clone();
        let found = shared.recovering(|| shared.examine(async |subject: &mut Subject<'_>| subject.one_step(count, levels).await)).await;
        js(found).map(|found| to_js(&found))
    }

    /// Looks for what may spoil the samples that `options` would draw.
    #[wasm_bindgen(
        unchecked_return_type = "{ findings: { id: string, severity: \"ok\" | \"warn\" | \"bad\", values: Record<string, number | string> }[] }"
    )]
    pub async fn diagnose(&self, #[wasm_bindgen(unchecked_param_type = "Partial<SampleOptions>")] options: JsValue) -> Answer {
        let options: SampleOptions = js(from_js(options, "sample"))?;
        let shared = self.shared.clone();
        let found = shared.recovering(|| shared.examine(async |subject: &mut Subject<'_>| subject.diagnose(&options).await)).await;
        js(found).map(|found| to_js(&found))
    }
}
