//! Parameters in safetensors files, in PyTorch's names and layouts.

use std::borrow::Cow;

use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, View};

use crate::graph::{Param, ParamTable};
use crate::{Error, Result};

/// Files above this are refused before they are read: the largest model of this page stays far below.
pub(super) const MAX_BYTES: usize = 512 << 20;

/// A tensor on its way into a file.
pub(super) struct Stored {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for Stored {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

impl Stored {
    pub fn floats(shape: Vec<usize>, values: &[f32]) -> Self {
        Stored { dtype: Dtype::F32, shape, bytes: bytemuck::cast_slice(values).to_vec() }
    }

    pub fn integers(values: &[u32]) -> Self {
        Stored { dtype: Dtype::U32, shape: vec![values.len()], bytes: bytemuck::cast_slice(values).to_vec() }
    }

    /// A parameter's range of its arena.
    pub fn param(param: &Param, arena: &[f32]) -> Self {
        Stored::floats(param.file_shape(), &param.read(arena))
    }
}

/// Opens a file.
///
/// # Errors
/// [`Error::Checkpoint`] in words that say what is wrong with it and what to do.
pub(super) fn open(bytes: &[u8]) -> Result<SafeTensors<'_>> {
    if bytes.len() > MAX_BYTES {
        let message = format!("{} MiB; a model has at most {} MiB: is this the right file?", bytes.len() >> 20, MAX_BYTES >> 20);
        return Err(Error::checkpoint("file", message));
    }
    SafeTensors::deserialize(bytes).map_err(unreadable)
}

/// The crate's error in words that say what to do.
pub(super) fn unreadable(error: SafeTensorError) -> Error {
    let message = match &error {
        SafeTensorError::HeaderTooSmall | SafeTensorError::InvalidHeaderLength => {
            "the file is shorter than its header says, or no safetensors file: was the download cut off?".to_string()
        }
        SafeTensorError::HeaderTooLarge => "the header claims more than 100 MB: this is no safetensors file".to_string(),
        SafeTensorError::MetadataIncompleteBuffer => {
            "the tensors do not fill the file exactly: it was cut off or something was appended; get the file again".to_string()
        }
        SafeTensorError::InvalidOffset(name) => {
            return Error::checkpoint(
                name.clone(),
                "its offsets leave a hole, overlap another tensor or lie outside the file: the file is damaged",
            );
        }
        other => format!("{other}: the file is damaged or no safetensors file"),
    };
    Error::checkpoint("header", message)
}

/// The bytes of a tensor of this type and shape.
fn bytes_of<'a>(tensors: &SafeTensors<'a>, name: &str, dtype: Dtype, shape: &[usize]) -> Result<&'a [u8]> {
    let Ok(view) = tensors.tensor(name) else {
        return Err(Error::checkpoint(name, format!("is missing; the configuration wants it with shape {shape:?}")));
    };
    if view.dtype() != dtype || view.shape() != shape {
        let message = format!("is {:?} {:?}, the configuration wants {dtype:?} {shape:?}", view.dtype(), view.shape());
        return Err(Error::checkpoint(name, message));
    }
    Ok(view.data())
}

/// The floats of a tensor; all must be finite.
pub(super) fn floats(tensors: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
    let values: Vec<f32> = bytemuck::pod_collect_to_vec(bytes_of(tensors, name, Dtype::F32, shape)?);
    match values.iter().position(|v| !v.is_finite()) {
        Some(i) => Err(Error::checkpoint(name, format!("holds {} at element {i}: the run had diverged when it was saved", values[i]))),
        None => Ok(values),
    }
}

/// The integers of a tensor.
pub(super) fn integers(tensors: &SafeTensors<'_>, name: &str, len: usize) -> Result<Vec<u32>> {
    Ok(bytemuck::pod_collect_to_vec(bytes_of(tensors, name, Dtype::U32, &[len])?))
}

/// An arena from the tensors called `prefix` and the parameter's name.
pub(super) fn arena(tensors: &SafeTensors<'_>, params: &ParamTable, prefix: &str) -> Result<Vec<f32>> {
    let mut arena = vec![0.0; params.arena_len(true)];
    for param in params.iter().filter(|p| p.trainable) {
        let values = floats(tensors, &format!("{prefix}{}", param.name), &param.file_shape())?;
        param.write(&values, &mut arena);
    }
    Ok(arena)
}
