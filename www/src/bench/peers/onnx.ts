import type { MakePeer } from "./api";
export const make: MakePeer = () => Promise.reject(new Error("not yet"));
