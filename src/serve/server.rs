//! Listens, asks and answers, all on one thread.

use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, watch};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep, timeout};

use super::answer::{Answer, Asked, State, text};
use super::credentials::Credentials;
use super::guard;
use super::keeper::{Keeper, Moment, Trouble};
use super::pair::{self, Pair};
use super::settings::{Error, Role, Settings, World};
use super::token::{Tokens, chance};
use crate::aws::{Endpoint, Presented, Requester};
use crate::disk;
use crate::quote::{line, quote};
use crate::resolve::NoAnswer;

/// How many connections are open at once; further ones wait.
const CONNECTIONS: usize = 128;
/// How long a client may take for the head of a request, and stay without one.
const HEAD: Duration = Duration::from_secs(10);
/// How long a connection lasts at most.
const CONNECTION: Duration = Duration::from_mins(5);
/// How many bytes the head of a request may have: hyper takes no less.
const BYTES: usize = 8192;
/// How long a request waits for the first session.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked whether files have changed that AWS refused.
const LOOK: Duration = Duration::from_secs(2);

/// What the tasks share.
struct Server {
    state: State,
    requester: Requester,
    world: World,
    start: Instant,
    /// The pair of each role that was read last and belongs together.
    pairs: RefCell<Vec<Option<Rc<Pair>>>>,
}

/// Serves until the process ends.
///
/// # Errors
/// It cannot begin.
pub fn run(settings: Settings, world: World) -> Result<(), Error> {
    let runtime = runtime()?;
    LocalSet::new().block_on(&runtime, async {
        let mut tokens = Tokens::new()?;
        let mut listeners = Vec::new();
        for (role, port) in settings.roles.iter().enumerate().filter_map(|(role, it)| Some((role, it.port?))) {
            listeners.extend(listen(port).await?.into_iter().map(|listener| (role, listener)));
        }
        if let Some(file) = &settings.token_file {
            disk::write_for_pod(file, tokens.authorization()?.reveal())?;
        }
        let server = Rc::new(Server::new(settings, tokens, world));
        let count = Arc::new(Semaphore::new(CONNECTIONS));
        for (role, listener) in listeners {
            spawn_local(accept(Rc::clone(&server), role, listener, Arc::clone(&count)));
        }
        let keeping = (0..server.state.keepers.len()).map(|role| spawn_local(Rc::clone(&server).keep(role)));
        for task in keeping.collect::<Vec<_>>() {
            let _ = task.await;
        }
        Ok(())
    })
}

/// The credentials of the first role, as a process prints them.
///
/// # Errors
/// There are none; why.
pub fn once(settings: &Settings, world: World) -> Result<String, Error> {
    let server = Server::new(settings.clone(), Tokens::new()?, world);
    runtime()?.block_on(async {
        let role = settings.roles.first().ok_or_else(|| Error::None("no role is given".to_owned()))?;
        let asked = server.ask(0, role).await;
        asked.map(|it| it.process()).map_err(|it| Error::None(line(&format!("{}: {}", it.code, it.words))))
    })
}

fn runtime() -> Result<Runtime, Error> {
    // Host names are resolved on another thread.
    Builder::new_current_thread().enable_all().max_blocking_threads(2).build().map_err(Error::Runtime)
}

/// On both loopback addresses; a machine without IPv6 has one.
async fn listen(port: u16) -> Result<Vec<TcpListener>, Error> {
    let mut listeners = Vec::new();
    for address in [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()] {
        let address = SocketAddr::new(address, port);
        match TcpListener::bind(address).await {
            Ok(listener) => listeners.push(listener),
            Err(error) if address.is_ipv6() && error.kind() != io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(Error::Port(address, error)),
        }
    }
    Ok(listeners)
}

async fn accept(server: Rc<Server>, role: usize, listener: TcpListener, count: Arc<Semaphore>) {
    loop {
        let Ok(permit) = Arc::clone(&count).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let server = Rc::clone(&server);
                spawn_local(async move {
                    let _permit = permit;
                    server.connection(role, stream).await;
                });
            }
            // Out of descriptors, for example: others will end.
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

impl Server {
    fn new(settings: Settings, tokens: Tokens, world: World) -> Self {
        let url = settings.endpoint.clone();
        let endpoint = Endpoint { url, is_fips: settings.is_fips, is_dual_stack: settings.is_dual_stack };
        let requester = Requester::new(endpoint, settings.time);
        let keepers = settings.roles.iter().map(|_| watch::Sender::new(Keeper::default())).collect();
        let pairs = RefCell::new(vec![None; settings.roles.len()]);
        let state = State { settings, tokens, keepers };
        Self { state, requester, world, start: Instant::now(), pairs }
    }

    fn now(&self) -> Moment {
        Moment { wall: (self.world.now)(), since: self.start.elapsed() }
    }

    fn log(&self, words: &str) {
        (self.world.log)(&line(words));
    }

    /// Serves what comes on one connection.
    async fn connection(&self, role: usize, stream: TcpStream) {
        // IPv6 has no such option here; the address never leaves the machine.
        let _ = stream.set_ttl(self.state.settings.hop_limit);
        let service = service_fn(|request: Request<Incoming>| async move {
            let answer = self.respond(role, &request).await;
            Ok::<_, Infallible>(answer.map(|body| Full::new(Bytes::from(body))))
        });
        let mut builder = http1::Builder::new();
        // Some clients close their half as soon as they have asked.
        builder.half_close(true);
        builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(BYTES).max_headers(64);
        // Whatever is wrong with a connection is its client's business.
        let _ = timeout(CONNECTION, builder.serve_connection(TokioIo::new(stream), service)).await;
    }

    async fn respond(&self, role: usize, request: &Request<Incoming>) -> Answer {
        let asked = Asked { method: request.method(), path: request.uri().path(), headers: request.headers(), role };
        let mut answer = if let Some(why) = guard::refuses(request.uri(), request.headers()) {
            text(StatusCode::FORBIDDEN, format!("{why}\n"))
        } else {
            if let Some(keeper) = self.state.wanted(&asked).and_then(|role| self.state.keepers.get(role)) {
                let mut changes = keeper.subscribe();
                let _ = timeout(PATIENCE, changes.wait_for(|keeper| !keeper.is_new())).await;
            }
            self.state.answer(&asked, self.now())
        };
        Self::never_stored(&mut answer);
        if self.state.settings.is_verbose {
            self.log(&format!("note: {} {}: {}", asked.method, quote(asked.path), answer.status().as_u16()));
        }
        answer
    }

    fn never_stored(answer: &mut Response<String>) {
        answer.headers_mut().insert("cache-control", hyper::header::HeaderValue::from_static("no-store"));
    }

    /// Keeps the credentials of one role. It is the only caller for it, so there is one call at a time.
    async fn keep(self: Rc<Self>, index: usize) {
        let (Some(role), Some(keeper)) = (self.state.settings.roles.get(index), self.state.keepers.get(index)) else {
            return;
        };
        loop {
            let wait = keeper.borrow().wait(self.now());
            if !wait.is_zero() {
                sleep(wait.min(LOOK)).await;
                if keeper.borrow().trouble().is_some() && self.has_new_pair(index, role) {
                    keeper.send_modify(Keeper::hurry);
                }
                continue;
            }
            let outcome = self.ask(index, role).await;
            let now = self.now();
            match outcome {
                Ok(credentials) => {
                    keeper.send_modify(|keeper| keeper.granted(credentials, now, chance()));
                    let until = self.state.until(index, now).unwrap_or_default();
                    self.log(&format!("note: credentials of {} until {until}", quote(&role.identity.role)));
                }
                Err(trouble) => {
                    let words =
                        format!("no session for {}: {}: {}", quote(&role.identity.role), trouble.code, trouble.words);
                    keeper.send_modify(|keeper| keeper.failed(trouble, now, chance()));
                    let next = keeper.borrow().wait(now).as_secs() + 1;
                    let rest = self
                        .state
                        .until(index, now)
                        .map_or(String::new(), |end| format!("; the present credentials end at {end}"));
                    self.log(&format!("warning: {words}; next try within {next} s{rest}"));
                }
            }
        }
    }

    /// Asks for a session once.
    async fn ask(&self, index: usize, role: &Role) -> Result<Credentials, Trouble> {
        let pair = self.read(index, role)?;
        if let Some(keeper) = self.state.keepers.get(index) {
            keeper.send_modify(|keeper| {
                keeper.calls += 1;
                keeper.certificate_end = pair.chain.first().map(|leaf| leaf.not_after);
            });
        }
        let presented = Presented {
            chain: &pair.chain,
            key: &pair.key,
            region: self.state.settings.region.as_deref().unwrap_or(&role.identity.trust_anchor.region),
            seconds: role.seconds,
            session_name: role.session_name.as_deref(),
            now: (self.world.now)(),
        };
        let unclear = |NoAnswer { code, why, help }| trouble(code.name(), &format!("{why}; {help}"), false);
        match self.requester.create_session(&role.identity, &presented).await.map_err(unclear)? {
            Ok(issued) => Credentials::new(issued, (self.world.now)()).ok_or_else(|| {
                trouble("ExpiredCredentials", "AWS gave credentials that have ended by this clock", false)
            }),
            Err(declined) => {
                let refusal = declined.refusal;
                let code = if refusal.kind.is_empty() { format!("HTTP{}", refusal.status) } else { refusal.kind };
                Err(Trouble { retry_after: declined.retry_after, ..trouble(&code, &refusal.message, false) })
            }
        }
    }

    /// The pair of a role as it is now, or as it was when what is there now cannot be used.
    fn read(&self, index: usize, role: &Role) -> Result<Rc<Pair>, Trouble> {
        match pair::read(&role.files) {
            Ok(pair) => {
                let pair = Rc::new(pair);
                if let Some(last) = self.pairs.borrow_mut().get_mut(index) {
                    *last = Some(Rc::clone(&pair));
                }
                Ok(pair)
            }
            Err(why) => {
                let before = self.last_pair(index).ok_or_else(|| trouble("InvalidCertificate", &why, true))?;
                self.log(&format!("warning: {why}; the certificate of before is used"));
                Ok(before)
            }
        }
    }

    fn last_pair(&self, index: usize) -> Option<Rc<Pair>> {
        self.pairs.borrow().get(index).cloned().flatten()
    }

    /// Whether there is another certificate than the one that was used last.
    fn has_new_pair(&self, index: usize, role: &Role) -> bool {
        let leaf = |pair: &Pair| pair.chain.first().map(|leaf| leaf.der.clone());
        let before = self.last_pair(index).as_deref().and_then(leaf);
        before.is_some() && pair::read(&role.files).is_ok_and(|pair| leaf(&pair) != before)
    }
}

fn trouble(code: &str, words: &str, is_local: bool) -> Trouble {
    Trouble { code: line(code), words: line(words), is_local, retry_after: None }
}
