// Layout of a run's state buffers, as in src/graph/ops/state.rs.
const STEP = 0u;
const SEED = 1u;
const FROZEN = 2u;
const FROZEN_AT = 3u;
const DATA_COUNT = 4u;

const BASE_RATE = 0u;
const RATE = 1u;
const COSINE_STEPS = 2u;
const BETA1 = 3u;
const BETA2 = 4u;
const EPSILON = 5u;
const WEIGHT_DECAY = 6u;
const BETA1_POWER = 7u;
const BETA2_POWER = 8u;
const MAX_NORM = 9u;
const GRAD_NORM = 10u;
const CLIP = 11u;
const EMA_DECAY = 12u;
const EMA_NOW = 13u;
const LOSS = 14u;
