//! How fast a GPU and its links are, as far as plans need to know.

/// Rates of one GPU in SI units. They decide only how many multiprocessors kernels take: results
/// never depend on them.
///
/// The constants are NVIDIA's data sheets for bandwidths. What one multiprocessor moves, 200 GB/s
/// read and 50 GB/s written, is what DeepEP V2 plans with; latency and loads in flight are
/// assumptions. Replace them by what you measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// NVLink bytes per second of a GPU in each direction.
    pub link: f64,
    /// Memory bytes per second, reads and writes together.
    pub memory: f64,
    /// Bytes per second that one multiprocessor can read.
    pub multiprocessor_read: f64,
    /// Bytes per second that one multiprocessor can write.
    pub multiprocessor_write: f64,
    /// Seconds from a load to its data.
    pub memory_latency: f64,
    /// Loads of 512 bytes that a warp keeps under way.
    pub requests_in_flight_per_warp: f64,
}

impl Rates {
    /// NVIDIA H100 SXM.
    pub const H100: Rates = Rates {
        link: 450e9,
        memory: 3.35e12,
        multiprocessor_read: 200e9,
        multiprocessor_write: 50e9,
        memory_latency: 0.4e-6,
        requests_in_flight_per_warp: 4.0,
    };
    /// NVIDIA H200 SXM.
    pub const H200: Rates = Rates { memory: 4.8e12, ..Rates::H100 };
    /// NVIDIA B200.
    pub const B200: Rates = Rates { link: 900e9, memory: 8.0e12, ..Rates::H100 };

    /// Bytes per second that `warps` warps of one multiprocessor read: what it can, or what they
    /// keep under way.
    pub(super) fn read_by(&self, warps: u32) -> f64 {
        let under_way = f64::from(warps) * self.requests_in_flight_per_warp * 512.0;
        self.multiprocessor_read.min(under_way / self.memory_latency)
    }
}

impl Default for Rates {
    fn default() -> Rates {
        Rates::H100
    }
}
