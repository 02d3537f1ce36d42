//! Which timesteps a sampling run visits.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// How `num_inference_steps` timesteps are spread over the `T` of training (Lin et al., arXiv 2305.08891, table 2);
/// diffusers' `timestep_spacing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(all(test, not(target_arch = "wasm32")), derive(ts_rs::TS))]
pub enum TimestepSpacing {
    /// Multiples of `⌊T/n⌋` from 0 up: diffusers' default. The run starts below the noisiest timestep, at `(n-1) ⌊T/n⌋`:
    /// 900 for 10 of 1,000, but 500 for 501 of 1,000 and 0 for a single step. There the model expects √ᾱ of signal
    /// (linear schedule: 0.016 at 900, 0.28 at 500) that pure noise does not hold.
    #[default]
    Leading,
    /// Every `T/n`-th timestep from the last down, rounded: from `T - 1`, where a sample is pure noise, to `T/n - 1`.
    /// Spends no step on timestep 0, which helps where steps are few.
    Trailing,
    /// `n` timesteps from `T - 1` to 0, both included, rounded (a single step is timestep 0, as NumPy's `linspace` has
    /// it). Its last steps are shorter than those of `trailing`, which keeps thin shapes wider: with the exact predictor
    /// for a deviation of 0.08, 50 DDIM steps come out 25 % too narrow, against 31 %.
    Linspace,
}

/// The timesteps of a DDIM or DDPM run, strictly descending, each in `0..num_train_timesteps`; `num_inference_steps` of them, as
/// diffusers' `set_timesteps` gives them. `steps_offset` is added under `leading`, and not used otherwise, as there.
///
/// A sampler goes from each to the next, and from the last to the clean data. (diffusers' DDIM goes from `t` to
/// `t - ⌊T/n⌋` instead, which misses the list under `trailing` and `linspace` when `n` does not divide `T`.)
///
/// # Errors
/// `sample.num_inference_steps` unless `1 ≤ num_inference_steps ≤ num_train_timesteps`; `sample.steps_offset` where it leads
/// beyond the last timestep.
pub fn timesteps(
    num_train_timesteps: usize,
    num_inference_steps: usize,
    spacing: TimestepSpacing,
    steps_offset: usize,
) -> Result<Vec<usize>> {
    let list = continuous(num_train_timesteps, num_inference_steps, spacing, steps_offset)?;
    // NumPy rounds halves to even.
    Ok(list.into_iter().map(|t| t.round_ties_even() as usize).collect())
}

/// The times of the samplers that know times between timesteps: only `linspace` makes use of that.
pub(super) fn continuous(total: usize, n: usize, spacing: TimestepSpacing, offset: usize) -> Result<Vec<f64>> {
    check_count(total, n)?;
    Ok(match spacing {
        TimestepSpacing::Leading => leading(0, n - 1, total / n, total, offset)?,
        TimestepSpacing::Trailing => trailing(total, n),
        TimestepSpacing::Linspace if n == 1 => vec![0.0],
        TimestepSpacing::Linspace => {
            let step = (total - 1) as f64 / (n - 1) as f64;
            (0..n).rev().map(|i| if i == n - 1 { (total - 1) as f64 } else { i as f64 * step }).collect()
        }
    })
}

/// The timesteps of DPM-Solver++, as diffusers spreads them: `leading` and `linspace` are lists of `n + 1` without their
/// last, as the run ends at the clean data instead of at timestep 0. Whole numbers.
pub(super) fn multistep(total: usize, n: usize, spacing: TimestepSpacing, offset: usize) -> Result<Vec<f64>> {
    check_count(total, n)?;
    Ok(match spacing {
        TimestepSpacing::Leading => leading(1, n, total / (n + 1), total, offset)?,
        TimestepSpacing::Trailing => trailing(total, n),
        TimestepSpacing::Linspace => {
            let step = (total - 1) as f64 / n as f64;
            (1..=n).rev().map(|i| if i == n { (total - 1) as f64 } else { (i as f64 * step).round_ties_even() }).collect()
        }
    })
}

fn check_count(total: usize, n: usize) -> Result<()> {
    if (1..=total).contains(&n) {
        return Ok(());
    }
    let message = format!("{n} steps; choose a number from 1 to {total}, the model's number of timesteps");
    Err(Error::config("sample.num_inference_steps", message))
}

/// `offset + i · ratio` for `i` from `high` down to `low`.
fn leading(low: usize, high: usize, ratio: usize, total: usize, offset: usize) -> Result<Vec<f64>> {
    let room = total - 1 - high * ratio;
    if offset > room {
        let message = format!("{offset} leads beyond the last timestep, {}: choose at most {room}, or fewer steps", total - 1);
        return Err(Error::config("sample.steps_offset", message));
    }
    Ok((low..=high).rev().map(|i| (i * ratio + offset) as f64).collect())
}

fn trailing(total: usize, n: usize) -> Vec<f64> {
    // As NumPy's `arange` adds up its steps: halves must round to the same side.
    let total = total as f64;
    let step = (total - total / n as f64) - total;
    (0..n).map(|i| (total + i as f64 * step).round_ties_even() - 1.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [TimestepSpacing; 3] = [TimestepSpacing::Leading, TimestepSpacing::Trailing, TimestepSpacing::Linspace];

    #[test]
    fn ten_of_a_thousand() {
        let ten = |spacing| timesteps(1000, 10, spacing, 0).unwrap();
        assert_eq!(ten(TimestepSpacing::Leading), [900, 800, 700, 600, 500, 400, 300, 200, 100, 0]);
        assert_eq!(ten(TimestepSpacing::Trailing), [999, 899, 799, 699, 599, 499, 399, 299, 199, 99]);
        assert_eq!(ten(TimestepSpacing::Linspace), [999, 888, 777, 666, 555, 444, 333, 222, 111, 0]);
    }

    #[test]
    fn every_count_gives_a_descending_list_in_range() {
        for total in [2, 3, 10, 97, 1000] {
            for n in 1..=total {
                for spacing in ALL {
                    let list = timesteps(total, n, spacing, 0).unwrap();
                    assert_eq!(list.len(), n, "{total} {n} {spacing:?}");
                    assert!(list.windows(2).all(|w| w[1] < w[0]), "{total} {n} {spacing:?}: {list:?}");
                    assert!(list[0] < total);
                }
                assert_eq!(timesteps(total, n, TimestepSpacing::Trailing, 0).unwrap()[0], total - 1);
            }
            for spacing in ALL {
                assert_eq!(timesteps(total, total, spacing, 0).unwrap(), (0..total).rev().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn counts_out_of_range_are_named() {
        for n in [0, 1001, usize::MAX] {
            for spacing in ALL {
                let error = timesteps(1000, n, spacing, 0).unwrap_err();
                assert!(error.to_string().starts_with("sample.num_inference_steps: "), "{error}");
            }
        }
    }

    #[test]
    fn offsets_move_leading_lists() {
        let offset = |offset| timesteps(1000, 10, TimestepSpacing::Leading, offset);
        assert_eq!(offset(1).unwrap(), [901, 801, 701, 601, 501, 401, 301, 201, 101, 1]);
        assert_eq!(offset(99).unwrap()[0], 999);
        for wrong in [100, usize::MAX] {
            let error = offset(wrong).unwrap_err().to_string();
            assert!(error.starts_with("sample.steps_offset: ") && error.contains("at most 99"), "{error}");
        }
        // diffusers does not use it elsewhere.
        assert_eq!(timesteps(1000, 10, TimestepSpacing::Trailing, 1).unwrap()[0], 999);
    }

    #[test]
    fn multistep_lists_leave_out_their_last() {
        let four = |spacing| multistep(1000, 4, spacing, 0).unwrap();
        assert_eq!(four(TimestepSpacing::Linspace), [999.0, 749.0, 500.0, 250.0]);
        assert_eq!(four(TimestepSpacing::Leading), [800.0, 600.0, 400.0, 200.0]);
        assert_eq!(four(TimestepSpacing::Trailing), [999.0, 749.0, 499.0, 249.0]);
    }
}
