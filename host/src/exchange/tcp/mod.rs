//! How processes find each other: one small TCP rendezvous in the process of rank 0.
//!
//! The launcher's variables say who a process is and where rank 0 listens ([`Environment`]);
//! [`Tcp::join`] connects, and [`Tcp::gather`] is all that setting up needs: everybody's bytes, in
//! rank order. Every wait has a deadline, and a rank that is missing, comes twice, has another
//! secret or dies is named to all others.
//!
//! A shared secret ([`Environment`]) keeps strangers and other jobs out; what is sent is not
//! encrypted, so the port belongs into a network that is trusted not to listen.

mod environment;
mod message;
mod node_list;
mod secret;
mod server;

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

pub use self::environment::Environment;
use self::message::{FromClient, FromServer, LONGEST, LONGEST_GREETING, VERSION};
use self::secret::{Claim, nonce};
use self::server::Server;
use crate::exchange::RankExit;
use crate::{Error, Result};

/// Pause between attempts to reach rank 0, which may start later than others.
const AGAIN: Duration = Duration::from_millis(50);
/// How much longer than the server's own deadline a rank waits for its answer.
const GRACE: Duration = Duration::from_secs(10);

/// This process's place among all.
///
/// ```
/// use std::time::Duration;
/// use crossdock_host::exchange::{Environment, Tcp};
///
/// # fn main() -> Result<(), crossdock_host::Error> {
/// # let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
/// # let lookup = |name: &str| Some(match name {
/// #     "RANK" | "LOCAL_RANK" => "0".into(), "WORLD_SIZE" | "LOCAL_WORLD_SIZE" => "1".into(),
/// #     "MASTER_ADDR" => "127.0.0.1".into(), "CROSSDOCK_PORT" => port.to_string(),
/// #     _ => return None,
/// # });
/// # let environment = Environment::from_variables(lookup)?;
/// // Started by torchrun or srun: `let environment = Environment::from_env()?;`
/// let group = Tcp::join(&environment, Duration::from_secs(60))?;
/// let name = format!("rank {}", environment.rank).into_bytes();
/// let names = group.gather("exchanging names", name)?;
/// assert_eq!(names[0], b"rank 0");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Tcp {
    rank: usize,
    ranks: usize,
    connection: Mutex<TcpStream>,
    /// In rank 0's process. Dropped last: it waits until all answers have left.
    server: Option<Server>,
}

impl Tcp {
    /// Meets all other processes; rank 0 is the one that listens. `patience` is how long to wait
    /// for ranks that do nothing, here and in every [`gather`](Self::gather), in wall-clock time.
    ///
    /// # Errors
    /// [`Error::PortTaken`], [`Error::Unreachable`] when rank 0 does not answer, [`Error::Refused`]
    /// for a wrong secret, a rank that is there twice and different numbers of ranks,
    /// [`Error::NotArrived`] with the ranks that are missing.
    pub fn join(environment: &Environment, patience: Duration) -> Result<Tcp> {
        let Environment { rank, ranks, .. } = *environment;
        let server = if rank == 0 {
            let started = Server::start(environment.port, ranks, environment.secret.clone(), patience);
            Some(started.map_err(|cause| match cause.kind() {
                io::ErrorKind::AddrInUse => Error::PortTaken { port: environment.port },
                _ => unreachable_at(environment, Duration::ZERO, &cause),
            })?)
        } else {
            None
        };
        let host = if server.is_some() { "127.0.0.1" } else { &environment.host };
        let port = server.as_ref().map_or(environment.port, Server::port);
        let connection = connect(environment, (host, port), patience)?;
        let group = Tcp { rank, ranks, connection: Mutex::new(connection), server };
        let greeted = greet(&group.connection.lock().unwrap_or_else(PoisonError::into_inner), environment);
        if let Err(error) = greeted {
            return Err(match error {
                Greeting::Refused(reason) => Error::Refused { rank, address: address(environment), reason },
                Greeting::Broken(cause) => unreachable_at(environment, GRACE, &cause),
            });
        }
        group.connection().set_read_timeout(Some(patience + GRACE)).map_err(|cause| group.lost(&cause))?;
        group.gather("joining the group", Vec::new())?;
        Ok(group)
    }

    /// This process's number.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Processes in all.
    pub fn ranks(&self) -> usize {
        self.ranks
    }

    /// Whether the rendezvous is in this process.
    pub fn hosts(&self) -> bool {
        self.server.is_some()
    }

    /// Hands `bytes` to every rank and waits for theirs: one entry per rank, in rank order. All
    /// ranks must call it for the same `purpose`, in the same order.
    ///
    /// # Errors
    /// [`Error::PeerFailed`] when a rank failed or its process ended, [`Error::PeerLeft`] when it
    /// finished before, [`Error::OutOfStep`] when ranks do different things, [`Error::NotArrived`]
    /// when one does nothing for too long.
    pub fn gather(&self, purpose: &str, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>> {
        let connection = self.connection();
        tracing::debug!(rank = self.rank, purpose, "waits for the other processes");
        let request = FromClient::Gather { purpose: purpose.to_owned(), bytes };
        // What rank 0 said before it ended is still there to be read, although nothing can be sent
        // any more.
        let sent = message::send(&*connection, &request);
        let answer = message::receive(&*connection, LONGEST);
        match answer.map_err(|cause| self.lost(&sent.err().unwrap_or(cause)))? {
            FromServer::Gathered(all) => Ok(all),
            FromServer::Failed(failure) => Err(failure.into()),
            other => Err(self.lost(&io::Error::other(format!("an answer that does not fit: {other:?}")))),
        }
    }

    /// Tells the others how this rank ended. Without it they take it for a failure.
    pub fn leave(&self, exit: RankExit) {
        // Who cannot be told sees the connection end.
        let _ = message::send(&*self.connection(), &FromClient::leave(exit));
    }

    fn connection(&self) -> std::sync::MutexGuard<'_, TcpStream> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The meeting place is gone, and with it rank 0.
    fn lost(&self, cause: &io::Error) -> Error {
        let reason =
            format!("rank {} lost the connection to the rendezvous in its process ({cause})", self.rank);
        Error::PeerFailed { peer: 0, reason }
    }
}

/// Why a rank is not in.
enum Greeting {
    Refused(String),
    Broken(io::Error),
}

impl From<io::Error> for Greeting {
    fn from(cause: io::Error) -> Greeting {
        Greeting::Broken(cause)
    }
}

/// Reaches rank 0, which may still have to start.
fn connect(environment: &Environment, to: (&str, u16), patience: Duration) -> Result<TcpStream> {
    let start = Instant::now();
    loop {
        let left = patience.saturating_sub(start.elapsed());
        match attempt(to, left.max(AGAIN)) {
            Ok(connection) => return Ok(connection),
            Err(cause) if left <= AGAIN => return Err(unreachable_at(environment, patience, &cause)),
            Err(_) => std::thread::sleep(AGAIN),
        }
    }
}

fn attempt(to: (&str, u16), timeout: Duration) -> io::Result<TcpStream> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in to.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(connection) => {
                connection.set_nodelay(true)?;
                return Ok(connection);
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Says who this is, and makes sure that the other end is the group's.
fn greet(connection: &TcpStream, environment: &Environment) -> Result<(), Greeting> {
    connection.set_read_timeout(Some(GRACE))?;
    let (rank, ranks) = (environment.rank as u32, environment.ranks as u32);
    let FromServer::Hello { nonce: theirs, .. } = message::receive(connection, LONGEST_GREETING)? else {
        return Err(Greeting::Refused("something that is not a crossdock rendezvous listens there".into()));
    };
    let ours = nonce()?;
    let proof = environment.secret.proof(Claim::Joins { rank, ranks }, &theirs, &ours);
    message::send(connection, &FromClient::Join { version: VERSION, rank, ranks, nonce: ours, proof })?;
    match message::receive(connection, LONGEST_GREETING)? {
        FromServer::Welcome { proof } if environment.secret.accepts(&proof, Claim::Hosts, &theirs, &ours) => {
            Ok(())
        }
        FromServer::Welcome { .. } => {
            Err(Greeting::Refused("it has another CROSSDOCK_SECRET than this rank".into()))
        }
        FromServer::Refused(reason) => Err(Greeting::Refused(reason)),
        _ => Err(Greeting::Refused("something that is not a crossdock rendezvous listens there".into())),
    }
}

fn address(environment: &Environment) -> String {
    format!("{}:{}", environment.host, environment.port)
}

fn unreachable_at(environment: &Environment, waited: Duration, cause: &io::Error) -> Error {
    Error::Unreachable {
        rank: environment.rank,
        address: address(environment),
        waited,
        cause: cause.to_string(),
    }
}
