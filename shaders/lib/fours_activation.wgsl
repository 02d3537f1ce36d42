// Activations of elements, and their slopes; KIND as in lib/activation.
#import fours
#import activation

#if VEC4
fn activate_e(v: vec4f) -> vec4f { return activate4(KIND, v); }
fn slope_e(v: vec4f) -> vec4f { return slope4(KIND, v); }
#else
fn activate_e(v: f32) -> f32 { return activate(KIND, v); }
fn slope_e(v: f32) -> f32 { return slope(KIND, v); }
#endif
