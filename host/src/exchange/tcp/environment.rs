//! Who this process is, from the variables that torchrun and Slurm set for it.

use std::fmt;

use super::node_list;
use super::secret::Secret;
use crate::{Error, Result, Topology};

/// Who this process is among those that work together, and where they meet.
///
/// | | torchrun | Slurm |
/// | --- | --- | --- |
/// | rank | `RANK` | `SLURM_PROCID` |
/// | ranks | `WORLD_SIZE` | `SLURM_STEP_NUM_TASKS`, `SLURM_NTASKS` |
/// | rank on the node, which is the number of its GPU | `LOCAL_RANK` | `SLURM_LOCALID` |
/// | ranks on the node | `LOCAL_WORLD_SIZE` | `SLURM_STEP_TASKS_PER_NODE`, `SLURM_TASKS_PER_NODE` |
/// | host of rank 0 | `MASTER_ADDR` | that, or of `SLURM_STEP_NODELIST`, `SLURM_JOB_NODELIST` |
/// | port there | `MASTER_PORT` + 1 | `MASTER_PORT` + 1, or 20000 + `SLURM_JOB_ID` modulo 20000 |
///
/// One is added because `MASTER_PORT` itself belongs to the launcher, which listens on it.
/// `CROSSDOCK_PORT` names another port, and `CROSSDOCK_SECRET` is a secret that all ranks share:
/// who does not have it cannot join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// This process, from 0.
    pub rank: usize,
    /// All processes.
    pub ranks: usize,
    /// This process among those of its node, from 0.
    pub local_rank: usize,
    /// Processes on each node.
    pub local_ranks: usize,
    /// Name or address of rank 0's host.
    pub host: String,
    /// The port on which rank 0 listens.
    pub port: u16,
    /// What all ranks share; empty if there is none.
    pub(super) secret: Secret,
}

/// Which variables say what.
struct Launcher {
    name: &'static str,
    rank: &'static str,
    ranks: &'static [&'static str],
    local_rank: &'static str,
    local_ranks: &'static [&'static str],
}

const LAUNCHERS: [Launcher; 2] = [
    Launcher {
        name: "torchrun",
        rank: "RANK",
        ranks: &["WORLD_SIZE"],
        local_rank: "LOCAL_RANK",
        local_ranks: &["LOCAL_WORLD_SIZE"],
    },
    Launcher {
        name: "Slurm",
        rank: "SLURM_PROCID",
        ranks: &["SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"],
        local_rank: "SLURM_LOCALID",
        local_ranks: &["SLURM_STEP_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE"],
    },
];

const PORT: &str = "CROSSDOCK_PORT";
const SECRET: &str = "CROSSDOCK_SECRET";
/// Where ports that are derived from a job's number begin, and how many there are.
const JOB_PORTS: (u64, u64) = (20_000, 20_000);

impl Environment {
    /// Reads this process's variables.
    ///
    /// # Errors
    /// [`Error::Variable`] when one is missing or means nothing.
    pub fn from_env() -> Result<Environment> {
        Environment::from_variables(|name| std::env::var(name).ok())
    }

    /// The same, with the variables that `lookup` finds.
    ///
    /// ```
    /// use crossdock_host::exchange::Environment;
    ///
    /// let variables = [
    ///     ("RANK", "9"), ("WORLD_SIZE", "16"), ("LOCAL_RANK", "1"), ("LOCAL_WORLD_SIZE", "8"),
    ///     ("MASTER_ADDR", "gpu-17"), ("MASTER_PORT", "29500"),
    /// ];
    /// let found = |name: &str| variables.iter().find(|(other, _)| *other == name);
    /// let lookup = |name: &str| found(name).map(|(_, value)| (*value).to_owned());
    /// let environment = Environment::from_variables(lookup)?;
    /// assert_eq!((environment.rank, environment.ranks, environment.local_rank), (9, 16, 1));
    /// assert_eq!((environment.host.as_str(), environment.port), ("gpu-17", 29501));
    /// # Ok::<(), crossdock_host::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Variable`] when one is missing or means nothing.
    pub fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Result<Environment> {
        let variables = Variables { lookup: &lookup };
        let launcher =
            LAUNCHERS.iter().find(|launcher| lookup(launcher.rank).is_some()).ok_or_else(|| {
                let known: Vec<String> =
                    LAUNCHERS.iter().map(|launcher| format!("{} ({})", launcher.rank, launcher.name)).collect();
                wrong(
                    &known.join(" or "),
                    "is not set; start one process per GPU with torchrun or srun, or set the variables yourself",
                )
            })?;
        let rank = variables.number(&[launcher.rank])?;
        let ranks = variables.number(launcher.ranks)?;
        if rank >= ranks {
            let (counted, _) = variables.text(launcher.ranks)?;
            return Err(wrong(
                launcher.rank,
                &format!("must be below {counted}, which is {ranks}: {rank} is not"),
            ));
        }
        let local_rank = variables.number(&[launcher.local_rank])?;
        let (name, text) = variables.text(launcher.local_ranks)?;
        let local_ranks = node_list::tasks_per_node(&text).map_err(|problem| wrong(name, &problem))?;
        if local_rank >= local_ranks || local_ranks > ranks || !ranks.is_multiple_of(local_ranks) {
            let problem = format!(
                "must be above {}, which is {local_rank}, and divide the {ranks} ranks: {local_ranks} does not",
                launcher.local_rank
            );
            return Err(wrong(name, &problem));
        }
        Ok(Environment {
            rank: rank as usize,
            ranks: ranks as usize,
            local_rank: local_rank as usize,
            local_ranks: local_ranks as usize,
            host: variables.host(launcher)?,
            port: variables.port(launcher)?,
            secret: Secret::new(lookup(SECRET).unwrap_or_default()),
        })
    }

    /// The same environment with another shared secret.
    pub fn with_secret(self, secret: impl Into<String>) -> Environment {
        Environment { secret: Secret::new(secret.into()), ..self }
    }

    /// Nodes and GPUs per node.
    pub fn topology(&self) -> Topology {
        Topology::nodes(self.ranks / self.local_ranks).gpus_per_node(self.local_ranks)
    }
}

/// Variables by name.
struct Variables<'a, F> {
    lookup: &'a F,
}

impl<F: Fn(&str) -> Option<String>> Variables<'_, F> {
    /// The first of `names` that is set.
    fn text(&self, names: &[&'static str]) -> Result<(&'static str, String)> {
        let found = names.iter().find_map(|&name| (self.lookup)(name).map(|text| (name, text)));
        found.ok_or_else(|| wrong(&names.join(" or "), "is not set"))
    }

    fn number(&self, names: &[&'static str]) -> Result<u64> {
        let (name, text) = self.text(names)?;
        text.trim()
            .parse::<u32>()
            .map(u64::from)
            .map_err(|_| wrong(name, &format!("must be a whole number: {text:?} is not")))
    }

    fn host(&self, launcher: &Launcher) -> Result<String> {
        if let Some(host) = (self.lookup)("MASTER_ADDR") {
            return Ok(host);
        }
        if launcher.name != "Slurm" {
            return Err(wrong("MASTER_ADDR", "is not set; it names the host of rank 0"));
        }
        let (name, list) = self.text(&["SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST"])?;
        node_list::first(&list).map_err(|problem| wrong(name, &problem))
    }

    fn port(&self, launcher: &Launcher) -> Result<u16> {
        let valid = |name: &str, port: u64| {
            u16::try_from(port).ok().filter(|&port| port > 0).ok_or_else(|| {
                wrong(name, &format!("must give a port from 1 to 65535: {port} is not; set {PORT}"))
            })
        };
        if (self.lookup)(PORT).is_some() {
            return valid(PORT, self.number(&[PORT])?);
        }
        if (self.lookup)("MASTER_PORT").is_some() || launcher.name != "Slurm" {
            return valid("MASTER_PORT", self.number(&["MASTER_PORT"])? + 1);
        }
        let job = self.number(&["SLURM_JOB_ID"])?;
        valid("SLURM_JOB_ID", JOB_PORTS.0 + job % JOB_PORTS.1)
    }
}

fn wrong(variable: &str, problem: &str) -> Error {
    Error::Variable { variable: variable.to_owned(), problem: problem.to_owned() }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rank {} of {} at {}:{}", self.rank, self.ranks, self.host, self.port)
    }
}
