//! The arguments of one launch, by the names they have in the shader.

use super::scratch::Scratch;
use crate::graph::Value;
use crate::plan::Dispatch;
use crate::{Error, Result};

/// Most bindings of a launch: as many storage buffers as every WebGPU device has room for, and some to spare.
pub(super) const MAX_BINDINGS: usize = 12;

/// A bound range of a buffer.
pub(super) enum Bound<'a, F> {
    /// `read`, floats.
    Floats(&'a [F]),
    /// `read`, integers.
    Integers(&'a [u32]),
    /// `read_write`, floats.
    FloatsMut(&'a mut [F]),
    /// `read_write`, integers.
    IntegersMut(&'a mut [u32]),
    /// Handed out already.
    Taken,
}

/// What a twin is called with.
pub struct Call<'a, F> {
    pub(super) dispatch: &'a Dispatch,
    /// In the order of the dispatch's bindings.
    pub(super) bound: [Bound<'a, F>; MAX_BINDINGS],
    pub(super) scratch: Option<&'a mut Scratch>,
}

impl<'a, F> Call<'a, F> {
    fn value(&self, name: &str) -> Option<Value> {
        let d = self.dispatch;
        d.params.iter().chain(&d.constants).find(|(n, _)| *n == name).map(|(_, v)| *v)
    }

    fn missing<T>(&self, what: &str, name: &str) -> Result<T> {
        Err(Error::Shader {
            shader: self.dispatch.stem.into(),
            message: format!("the twin wants {what} “{name}”, which the launch does not give"),
        })
    }

    /// The integer parameter or constant `name`.
    pub fn u(&self, name: &str) -> Result<usize> {
        match self.value(name) {
            Some(Value::U32(v)) => Ok(v as usize),
            _ => self.missing("an integer", name),
        }
    }

    /// The float parameter `name`.
    pub fn f(&self, name: &str) -> Result<f64> {
        match self.value(name) {
            Some(Value::F32(v)) => Ok(v),
            _ => self.missing("a float", name),
        }
    }

    /// The flag constant `name`; false if it is not given.
    pub fn flag(&self, name: &str) -> bool {
        self.value(name) == Some(Value::Bool(true))
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.dispatch.bindings.iter().position(|b| b.name == name)
    }

    /// The floats bound for reading as `name`.
    pub fn input(&self, name: &str) -> Result<&'a [F]> {
        match self.position(name).map(|i| &self.bound[i]) {
            Some(Bound::Floats(values)) => Ok(values),
            _ => self.missing("floats to read", name),
        }
    }

    /// The floats bound for reading as `name`, if the launch has them.
    pub fn optional(&self, name: &str) -> Option<&'a [F]> {
        match self.position(name).map(|i| &self.bound[i]) {
            Some(Bound::Floats(values)) => Some(values),
            _ => None,
        }
    }

    /// The integers bound for reading as `name`.
    pub fn integers(&self, name: &str) -> Result<&'a [u32]> {
        match self.position(name).map(|i| &self.bound[i]) {
            Some(Bound::Integers(values)) => Ok(values),
            _ => self.missing("integers to read", name),
        }
    }

    /// The floats bound for writing as `name`; to be asked for once.
    pub fn output(&mut self, name: &str) -> Result<&'a mut [F]> {
        match self.position(name).map(|i| std::mem::replace(&mut self.bound[i], Bound::Taken)) {
            Some(Bound::FloatsMut(values)) => Ok(values),
            _ => self.missing("floats to write", name),
        }
    }

    /// The integers bound for writing as `name`; to be asked for once.
    pub fn integers_mut(&mut self, name: &str) -> Result<&'a mut [u32]> {
        match self.position(name).map(|i| std::mem::replace(&mut self.bound[i], Bound::Taken)) {
            Some(Bound::IntegersMut(values)) => Ok(values),
            _ => self.missing("integers to write", name),
        }
    }

    /// Room for what is kept during the launch only; to be asked for once.
    pub(super) fn scratch(&mut self) -> Result<&'a mut Scratch> {
        match self.scratch.take() {
            Some(scratch) => Ok(scratch),
            None => self.missing("room once more, not", "scratch"),
        }
    }
}
