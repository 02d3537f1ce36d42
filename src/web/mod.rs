//! The only room that knows wasm-bindgen.
