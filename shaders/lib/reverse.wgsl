// Columns of a sampler's table, one row of 16 per network evaluation; the same numbers stand in src/graph/ops/reverse.rs.
const C_X: u32 = 0u;
const C_M: u32 = 1u;
const C_0: u32 = 2u; // then of what was kept one, two and three rows before
const C_Z: u32 = 6u;
const P_X: u32 = 7u;
const P_M: u32 = 8u;
const Q_X: u32 = 9u; // then of m and of the clean sample
const FRAME: u32 = 12u;
const RANGE: u32 = 13u;
const KNOWN: u32 = 14u; // then of fresh noise
const COLUMNS: u32 = 16u;
