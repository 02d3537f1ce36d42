/** Images for training: the packed sets beside the page, and a visitor's own. */
export { DataError, describe, type FaultCode } from "./fault";
export { type Grid, guessGrid } from "./grid";
export { parseIdxImages, parseIdxLabels } from "./idx";
export { checkManifest, fetchManifest, type Manifest, type Shard, type Split } from "./manifest";
export { filesOfDrop, filesOfList, type OwnFile } from "./own-files";
export { inTurn, type OwnImages, type OwnOptions, readOwnImages } from "./own-images";
export { type Background, toRgba } from "./pictures";
export { resized } from "./resize";
export { type ImageBatch, loadShards, type Progress, type ShardOptions } from "./shards";
