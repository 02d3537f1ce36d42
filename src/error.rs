//! One error type for the whole crate: every variant names the thing that is wrong and what to do about it.

use thiserror::Error;

/// `Result` with this crate's [`enum@Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong, from a shape that does not fit to a GPU that went away.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Error {
    /// A configuration field is out of range. `field` is its dotted path, e.g. `training.learning_rate`.
    #[error("{field}: {message}")]
    Config {
        /// Dotted path of the field, as in the JSON configuration.
        field: String,
        /// What is wrong with it and which values work.
        message: String,
    },
    /// Shapes that an operation cannot combine.
    #[error("{op} “{label}”: {message}")]
    Shape {
        /// Name of the operation, e.g. `matmul`.
        op: &'static str,
        /// Label that the model gave to the node.
        label: String,
        /// The shapes involved and what the operation expects.
        message: String,
    },
    /// A derivative was asked for that does not exist.
    #[error("no derivative: {0}")]
    Derivative(String),
    /// A checkpoint file cannot be used. `field` names the part of the file (`header`, a tensor's or a metadata key's name).
    #[error("checkpoint, {field}: {message}")]
    Checkpoint {
        /// The header, tensor or metadata key at fault.
        field: String,
        /// What was found, what was expected and what to do.
        message: String,
    },
    /// Images or labels cannot be used. `part` names the thing at fault: a file, an image, a class.
    #[error("{part}: {message}")]
    Data {
        /// What is at fault.
        part: String,
        /// What was found, what was expected and what to do.
        message: String,
    },
    /// No usable GPU adapter.
    #[error("no GPU adapter: {0}")]
    NoAdapter(String),
    /// A size exceeds what the adapter allows.
    #[error("{what} needs {need}, but this adapter's {limit} is {have}")]
    Limit {
        /// What was to be created.
        what: String,
        /// WebGPU's name of the limit.
        limit: &'static str,
        /// The size needed.
        need: u64,
        /// The adapter's limit.
        have: u64,
    },
    /// A shader did not compose or compile.
    #[error("shader {shader}: {message}")]
    Shader {
        /// File stem under `shaders/`.
        shader: String,
        /// The compiler's words.
        message: String,
    },
    /// The GPU device was lost; its buffers are gone.
    #[error("the GPU device was lost ({0}); create it again and restore the last snapshot")]
    DeviceLost(String),
    /// A GPU operation failed for another reason.
    #[error("GPU: {0}")]
    Gpu(String),
}

impl Error {
    /// A [`Error::Config`] for `field`.
    pub fn config(field: impl Into<String>, message: impl Into<String>) -> Self {
        Error::Config { field: field.into(), message: message.into() }
    }

    /// A [`Error::Checkpoint`] for `field`.
    pub fn checkpoint(field: impl Into<String>, message: impl Into<String>) -> Self {
        Error::Checkpoint { field: field.into(), message: message.into() }
    }

    /// A [`Error::Data`] for `part`.
    pub fn data(part: impl Into<String>, message: impl Into<String>) -> Self {
        Error::Data { part: part.into(), message: message.into() }
    }
}
