//! A stand-in for AWS on the loopback interface, for demonstrations: CreateSession of IAM Roles Anywhere for one trust anchor,
//! profile and role, and GetCallerIdentity of STS for the sessions that it has created. It checks the certificate, its chain and
//! the signatures as AWS does. Its credentials are random, and nobody else takes them.
//!
//! `signature` says who has signed a request, `session` what is answered.

mod session;
mod signature;

use std::cell::RefCell;
use std::convert::Infallible;
use std::net::{Ipv4Addr, TcpListener};
use std::rc::Rc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::runtime::Builder;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{sleep, timeout};

use self::session::{Answer, Bank, Sent};
use super::settings::{Account, Error, World};
use crate::quote::line;

/// How many bytes the body of a request may have.
const BODY: usize = 64 << 10;
/// How long a connection lasts at most.
const CONNECTION: Duration = Duration::from_mins(5);

/// Starts it on a thread of its own, which ends with the process; its URL.
///
/// # Errors
/// No port can be had, or no thread.
pub fn stand_in(account: Account, world: World) -> Result<String, Error> {
    let place = std::net::SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = TcpListener::bind(place).and_then(|listener| {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    let (listener, address) = listener.map_err(|error| Error::Port(place, error))?;
    let runtime = Builder::new_current_thread().enable_all().build().map_err(Error::Runtime)?;
    let serve = move || {
        LocalSet::new().block_on(&runtime, async {
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
            let bank = Rc::new(RefCell::new(Bank::new(account)));
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        spawn_local(connection(Rc::clone(&bank), world, TokioIo::new(stream)));
                    }
                    Err(_) => sleep(Duration::from_millis(50)).await,
                }
            }
        });
    };
    std::thread::Builder::new().spawn(serve).map_err(Error::Runtime)?;
    Ok(format!("http://{address}"))
}

/// Serves what comes on one connection.
async fn connection(bank: Rc<RefCell<Bank>>, world: World, stream: TokioIo<tokio::net::TcpStream>) {
    let service = service_fn(|request: Request<Incoming>| async {
        let answer = match read(request).await {
            Some(sent) => bank.borrow_mut().answer(&sent, (world.now)()),
            None => Answer::refused(StatusCode::BAD_REQUEST, "ValidationException", "the request cannot be read"),
        };
        if let Some(words) = &answer.log {
            (world.log)(&line(&format!("stand-in: {words}")));
        }
        Ok::<_, Infallible>(response(answer))
    });
    let mut builder = http1::Builder::new();
    builder.half_close(true);
    builder.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(10));
    // Whatever is wrong with a connection is its client's business.
    let _ = timeout(CONNECTION, builder.serve_connection(stream, service)).await;
}

/// The request with its body; `None` if that is too long or does not come.
async fn read(request: Request<Incoming>) -> Option<Sent> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, BODY).collect().await.ok()?.to_bytes().to_vec();
    Some(Sent {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body,
    })
}

fn response(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    headers.insert("content-type", hyper::header::HeaderValue::from_static(answer.kind));
    if let Some(error) = answer.error {
        headers.insert("x-amzn-errortype", hyper::header::HeaderValue::from_static(error));
    }
    response
}
