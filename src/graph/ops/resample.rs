use crate::Result;
use crate::graph::{Graph, Tensor};
impl Graph {
    pub fn avg_pool2(&mut self, x: Tensor) -> Result<Tensor> { Ok(x) }
    pub fn upsample2(&mut self, x: Tensor) -> Result<Tensor> { Ok(x) }
}
