//! What ranks bring to a round when nobody gives it: normal activations, simulated routes, random
//! bytes, by a seed.

use crossdock_device::{Gate, Opaque, Shape, Wire};
use half::bf16;
use rand::RngExt;
use rand_pcg::Pcg64;

use crate::routes::random_weights;
use crate::{Brought, RouterInputs, Routes, Rows, SimulatedGate};

/// How the ranks of a round draw. Every rank has streams of its own, so that what one draws does
/// not depend on the others.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    /// Equal seeds draw equal contents.
    pub seed: u64,
    /// What chooses experts.
    pub gate: SimulatedGate,
}

/// What a rank does not draw.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// `[tokens, hidden]`.
    pub activations: Option<Vec<bf16>>,
    /// `[tokens, top_k]`, -1 for none.
    pub experts: Option<Vec<i32>>,
    /// `[tokens, top_k]`; they count beside experts that are given.
    pub weights: Option<Vec<f32>>,
}

impl Draw {
    /// The routes of a rank.
    pub fn routes(&self, rank: usize, tokens: usize) -> Routes {
        self.gate.route(tokens, &mut self.of_routes(rank))
    }

    /// A gate of the router's kernel, with a bias if it has one.
    pub fn router(&self, gate: Gate, scaling: f32) -> RouterInputs {
        let mut random = Pcg64::new(u128::from(self.seed), u128::MAX);
        let biases = if gate.biased { gate.experts as usize } else { 0 };
        let bias = normal(biases, &mut random).into_iter().map(|value| value.to_f32() / 16.0).collect();
        RouterInputs { gate, bias, scaling }
    }

    /// What a rank brings: what is given, and the rest drawn.
    pub fn brought(
        &self,
        rank: usize,
        tokens: usize,
        shape: &Shape,
        router: Option<&RouterInputs>,
        given: Given,
    ) -> Brought {
        let mut random = Pcg64::new(u128::from(self.seed), 2 * rank as u128);
        let activations =
            given.activations.unwrap_or_else(|| normal(tokens * shape.hidden as usize, &mut random));
        let rows = match shape.wire {
            Wire::Opaque(opaque) => opaque_rows(opaque, tokens, &mut random),
            Wire::Bf16 | Wire::Fp8(_) => Rows::Bf16(activations),
        };
        let mut random = self.of_routes(rank);
        let logits = router.map_or(Vec::new(), |_| self.gate.logits(tokens, &mut random));
        let routes = match (given.experts, router) {
            (None, Some(router)) => router.expected(&logits),
            (None, None) => self.gate.route(tokens, &mut random),
            (Some(experts), _) => {
                let drawn = || random_weights(&experts, shape.top_k as usize, &mut random);
                Routes { weights: given.weights.unwrap_or_else(drawn), experts }
            }
        };
        Brought { rows, routes, logits }
    }

    fn of_routes(&self, rank: usize) -> Pcg64 {
        Pcg64::new(u128::from(self.seed), 2 * rank as u128 + 1)
    }
}

fn opaque_rows(Opaque { row_bytes, sides }: Opaque, tokens: usize, random: &mut impl RngExt) -> Rows {
    let mut bytes = |width: u32| (0..tokens * width as usize).map(|_| random.random()).collect();
    let rows = bytes(row_bytes);
    Rows::Opaque { rows, sides: sides.into_iter().filter(|&width| width > 0).map(bytes).collect() }
}

/// Values of the standard normal distribution.
fn normal(count: usize, random: &mut impl RngExt) -> Vec<bf16> {
    let mut values = Vec::with_capacity(count + 1);
    while values.len() < count {
        // Box-Muller: two uniform draws make two normal ones.
        let radius = (-2.0 * random.random::<f32>().max(f32::MIN_POSITIVE).ln()).sqrt();
        let (sine, cosine) = (std::f32::consts::TAU * random.random::<f32>()).sin_cos();
        values.extend([bf16::from_f32(radius * cosine), bf16::from_f32(radius * sine)]);
    }
    values.truncate(count);
    values
}
