//! What a rank brings to a round, in its device memory before anything is measured.

use crossdock::host::{Buffer, DeviceTokens, Error, Rank, Tokens, bf16};
use crossdock::{Shape, Wire};
use crossdock_trial::Routes;

/// bf16 rows; what they hold has no influence on time, except that all-zero memory may be
/// compressed.
pub(super) fn bf16_rows(shape: &Shape, tokens: usize, rank: usize) -> Vec<bf16> {
    let value = |at: usize| bf16::from_f32(((at * 8191 + rank * 131) % 2039) as f32 / 256.0 - 4.0);
    (0..tokens * shape.hidden as usize).map(value).collect()
}

/// Rows, routes and weights of a rank.
#[derive(Debug)]
pub(super) struct Brought {
    rows: Rows,
    count: usize,
    pub(super) experts: Buffer<i32>,
    pub(super) weights: Buffer<f32>,
}

#[derive(Debug)]
enum Rows {
    Bf16(Buffer<bf16>),
    /// As they travel.
    Encoded {
        rows: Buffer<u8>,
        sides: Buffer<u8>,
    },
}

impl Brought {
    pub(super) fn new(rank: &Rank, shape: &Shape, tokens: usize, routes: &Routes) -> Result<Brought, Error> {
        let index = rank.index();
        let rows = match shape.wire {
            Wire::Fp8(fp8) if !fp8.is_made_by_dispatch() => encoded(rank, shape, tokens)?,
            Wire::Opaque(_) => encoded(rank, shape, tokens)?,
            Wire::Bf16 | Wire::Fp8(_) => Rows::Bf16(filled(rank, &bf16_rows(shape, tokens, index))?),
        };
        Ok(Brought {
            rows,
            count: tokens,
            experts: filled(rank, &routes.experts)?,
            weights: filled(rank, &routes.weights)?,
        })
    }

    /// How many tokens these are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn tokens(&self) -> Tokens<'_> {
        Tokens::Device(match &self.rows {
            Rows::Bf16(rows) => DeviceTokens::Bf16(rows.into()),
            Rows::Encoded { rows, sides } => DeviceTokens::Encoded { rows: rows.into(), sides: sides.into() },
        })
    }
}

/// Rows and side records of any contents: nobody decodes them.
fn encoded(rank: &Rank, shape: &Shape, tokens: usize) -> Result<Rows, Error> {
    let bytes = |width: u32| -> Vec<u8> {
        (0..tokens * width as usize).map(|at| (at * 167 + rank.index()) as u8).collect()
    };
    Ok(Rows::Encoded {
        rows: filled(rank, &bytes(shape.row_bytes()))?,
        sides: filled(rank, &bytes(shape.side_bytes()))?,
    })
}

fn filled<T: crossdock::host::Plain>(rank: &Rank, values: &[T]) -> Result<Buffer<T>, Error> {
    let buffer = rank.buffer(values.len())?;
    buffer.write(0, values)?;
    Ok(buffer)
}
