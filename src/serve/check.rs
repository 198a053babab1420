//! The probe: asks a running server over the loopback interface whether it has credentials.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The longest wait for the server, which answers at once.
const WAIT: Duration = Duration::from_millis(800);

/// How often it is asked by somebody who waits.
const PAUSE: Duration = Duration::from_millis(100);

/// Asks the server on a port until it has credentials, or that much time has passed; what it says, in one line.
///
/// # Errors
/// It has no credentials, or does not answer; why.
pub fn check(port: u16, wait: Duration) -> Result<String, String> {
    let since = Instant::now();
    loop {
        match once(port) {
            Err(_) if since.elapsed() < wait => sleep(PAUSE),
            said => return said,
        }
    }
}

fn once(port: u16) -> Result<String, String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let answer = ask(address).map_err(|error| format!("nothing answers on {address}: {error}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let body = body.split_whitespace().collect::<Vec<_>>().join(" ");
    match head.split(' ').nth(1) {
        Some("200") => Ok(body),
        Some("503") => Err(body),
        _ => Err(format!("what answers on {address} is not `iamra serve`")),
    }
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, WAIT)?;
    stream.set_read_timeout(Some(WAIT))?;
    stream.set_write_timeout(Some(WAIT))?;
    write!(stream, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut bytes = Vec::new();
    stream.take(64 << 10).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
