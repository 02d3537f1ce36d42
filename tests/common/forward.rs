//! A model out of a folder, applied to a batch: shared by the tests and by the example `folder`.

use std::collections::BTreeMap;

use pollster::block_on;
use unnoise::graph::{Graph, TensorType};
use unnoise::plan::{Backend, BufferId, HostSlice, Plan};
use unnoise::train::Folder;
use unnoise::{Error, Result};

/// The output `[B, side, side, out_channels]` of a folder's model for `x [B, side, side, in_channels]` at timesteps `t [B]`, with
/// `labels [B]` if the model takes them.
///
/// # Errors
/// [`Error::Data`] naming the input that is missing or of another size, or the device's own error.
pub fn output(backend: &mut dyn Backend, folder: &Folder, x: &[f32], t: &[u32], labels: Option<&[u32]>) -> Result<Vec<f32>> {
    let (unet, batch) = (&folder.unet, t.len());
    let shape = [batch, unet.sample_size, unet.sample_size, unet.in_channels];
    if x.len() != shape.iter().product::<usize>() {
        return Err(Error::data("x", format!("{} numbers for {batch} timesteps: the model takes {shape:?}", x.len())));
    }
    let labels = match (unet.takes_labels(), labels) {
        (false, _) => None,
        (true, Some(labels)) if labels.len() == batch => Some(labels),
        (true, Some(labels)) => return Err(Error::data("class_labels", format!("{} for {batch} timesteps", labels.len()))),
        (true, None) => return Err(Error::data("class_labels", "are missing: the model takes a label for each image")),
    };
    let mut g = Graph::new();
    let (input, times) = (g.resource("x", TensorType::f32(shape))?, g.resource("t", TensorType::u32([batch]))?);
    let classes = if labels.is_some() { Some(g.resource("labels", TensorType::u32([batch]))?) } else { None };
    let result = unet.build(&mut g, input, times, classes)?;
    g.output("output", result)?;

    let plan = Plan::compile(&g, &backend.tuning())?;
    let mut ids: BTreeMap<String, BufferId> = BTreeMap::new();
    for resource in &plan.resources {
        ids.insert(resource.name.clone(), backend.allocate(&resource.name, resource.dtype, resource.len)?);
    }
    backend.write(ids["param"], 0, HostSlice::F32(&folder.arena(g.params())?))?;
    backend.write(ids["x"], 0, HostSlice::F32(x))?;
    backend.write(ids["t"], 0, HostSlice::U32(t))?;
    if let Some(labels) = labels {
        backend.write(ids["labels"], 0, HostSlice::U32(labels))?;
    }
    let program = block_on(backend.load(&plan, &ids))?;
    backend.run(&[(program, 1)])?;
    let output = block_on(backend.output(program, "output"))?.floats();
    backend.unload(program);
    ids.into_values().for_each(|id| backend.free(id));
    Ok(output)
}
