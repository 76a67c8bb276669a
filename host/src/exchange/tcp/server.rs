//! The meeting place: threads in rank 0's process, one for each connection, around one
//! [`InProcess`].

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::message::{self, FromClient, FromServer, LONGEST, LONGEST_GREETING, VERSION};
use super::secret::{Claim, Secret, nonce};
use crate::exchange::in_process::InProcess;
use crate::exchange::{Exchange, RankExit};

/// How long a stranger may take to say who it is.
const GREETING: Duration = Duration::from_secs(10);
/// How long the last answers may take to leave when the server ends.
const FAREWELL: Duration = Duration::from_secs(5);

/// Accepts ranks until it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    ranks: usize,
    secret: Secret,
    meeting: InProcess,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// From where each rank joined.
    joined: Vec<Option<SocketAddr>>,
    /// Ranks that gather, or whose answer has not left yet.
    unanswered: usize,
    /// Threads of connections.
    serving: usize,
    closing: bool,
    connections: Vec<TcpStream>,
}

impl Server {
    /// Listens on `port` of all addresses.
    pub(super) fn start(port: u16, ranks: usize, secret: Secret, patience: Duration) -> io::Result<Server> {
        let listener = TcpListener::bind(("0.0.0.0", port))?;
        let address = listener.local_addr()?;
        let state = State {
            joined: vec![None; ranks],
            unanswered: 0,
            serving: 0,
            closing: false,
            connections: Vec::new(),
        };
        let shared = Arc::new(Shared {
            ranks,
            secret,
            meeting: InProcess::new(ranks, patience, ()),
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let here = Arc::clone(&shared);
        let acceptor =
            thread::Builder::new().name("rendezvous".into()).spawn(move || accept(&listener, &here))?;
        Ok(Server { shared, address, acceptor: Some(acceptor) })
    }

    /// Where it listens.
    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Server {
    /// Ends once all answers are on their way.
    fn drop(&mut self) {
        let shared = &self.shared;
        let waiting = |state: &mut State| state.unanswered > 0;
        let mut state = shared
            .changed
            .wait_timeout_while(shared.lock(), FAREWELL, waiting)
            .unwrap_or_else(PoisonError::into_inner)
            .0;
        state.closing = true;
        for connection in &state.connections {
            // It may be closed already.
            let _ = connection.shutdown(Shutdown::Read);
        }
        let serving = |state: &mut State| state.serving > 0;
        drop(shared.changed.wait_timeout_while(state, FAREWELL, serving));
        // Wakes the acceptor; if that fails it ends with the process.
        let awake = TcpStream::connect_timeout(&([127, 0, 0, 1], self.address.port()).into(), FAREWELL);
        if let (Ok(_), Some(acceptor)) = (awake, self.acceptor.take()) {
            let _ = acceptor.join();
        }
    }
}

/// Greets whoever comes, each on a thread of its own, so that a stranger who is slow holds nobody
/// up.
fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for connection in listener.incoming() {
        let mut state = shared.lock();
        if state.closing {
            return;
        }
        let Ok(connection) = connection else { continue };
        if let Ok(copy) = connection.try_clone() {
            state.connections.push(copy);
        }
        state.serving += 1;
        drop(state);
        let here = Arc::clone(shared);
        let greeted = thread::Builder::new().name("rendezvous of a rank".into()).spawn(move || {
            if let Err(error) = serve(&connection, &here) {
                tracing::debug!(%error, "a connection to the rendezvous ended");
            }
            here.served();
        });
        if let Err(error) = greeted {
            tracing::warn!(%error, "no thread for a connection to the rendezvous");
            shared.served();
        }
    }
}

/// One connection, from its greeting to its end.
fn serve(connection: &TcpStream, shared: &Shared) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let Some(rank) = admit(connection, shared)? else { return Ok(()) };
    let outcome = attend(connection, shared, rank);
    if outcome.is_err() && shared.lock().closing {
        // The rank lives, and may have asked just now: it is told of the failure that ended rank 0.
        if let Some(failure) = shared.meeting.failure() {
            message::send(connection, &FromServer::Failed(failure.into()))?;
        }
    } else if let Err(error) = &outcome {
        let reason = format!("the connection to its process was lost ({})", plainly(error));
        shared.meeting.leave(rank, RankExit::Failed(reason));
    }
    outcome
}

/// Who is there; `None` if it was turned away.
fn admit(connection: &TcpStream, shared: &Shared) -> io::Result<Option<usize>> {
    connection.set_read_timeout(Some(GREETING))?;
    connection.set_write_timeout(Some(GREETING))?;
    let ours = nonce()?;
    message::send(connection, &FromServer::Hello { version: VERSION, nonce: ours })?;
    let FromClient::Join { version, rank, ranks, nonce, proof } =
        message::receive(connection, LONGEST_GREETING)?
    else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the first message does not join"));
    };
    let peer = connection.peer_addr()?;
    let mut refused = None;
    if version != VERSION {
        refused =
            Some(format!("rank {rank} speaks version {version} of the rendezvous, rank 0 version {VERSION}"));
    } else if !shared.secret.accepts(&proof, Claim::Joins { rank, ranks }, &ours, &nonce) {
        refused = Some("it has another CROSSDOCK_SECRET than rank 0".to_owned());
    } else if ranks as usize != shared.ranks || rank >= ranks {
        refused = Some(format!("it counts {ranks} ranks, rank 0 counts {}", shared.ranks));
    } else {
        let mut state = shared.lock();
        match state.joined[rank as usize] {
            Some(other) => {
                refused = Some(format!(
                    "rank {rank} has already joined, from {other}; two processes have this rank"
                ))
            }
            None => state.joined[rank as usize] = Some(peer),
        }
    }
    if let Some(reason) = refused {
        tracing::warn!(%peer, reason, "a process was not let into the group");
        message::send(connection, &FromServer::Refused(reason))?;
        return Ok(None);
    }
    message::send(
        connection,
        &FromServer::Welcome { proof: shared.secret.proof(Claim::Hosts, &ours, &nonce) },
    )?;
    connection.set_read_timeout(None)?;
    Ok(Some(rank as usize))
}

/// What a rank asks for, until it leaves.
fn attend(connection: &TcpStream, shared: &Shared, rank: usize) -> io::Result<()> {
    loop {
        match message::receive(connection, LONGEST)? {
            FromClient::Gather { purpose, bytes } => {
                shared.lock().unanswered += 1;
                let answer = match shared.meeting.gather(rank, &purpose, bytes) {
                    Ok(gathered) => FromServer::Gathered(gathered),
                    Err(error) => FromServer::Failed(error.into()),
                };
                let sent = message::send(connection, &answer);
                shared.lock().unanswered -= 1;
                shared.changed.notify_all();
                sent?;
            }
            FromClient::Leave { failure } => {
                let exit = failure.map_or(RankExit::Finished, RankExit::Failed);
                shared.meeting.leave(rank, exit);
                return Ok(());
            }
            FromClient::Join { .. } => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a rank that is in joins again"));
            }
        }
    }
}

impl Shared {
    /// A thread of a connection ends.
    fn served(&self) {
        self.lock().serving -= 1;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an error of the operating system means for a connection.
fn plainly(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => "it was killed or exited".to_owned(),
        _ => error.to_string(),
    }
}
