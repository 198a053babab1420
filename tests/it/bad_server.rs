//! A server in AWS's place that is not AWS, or is one that is broken, for every command that asks AWS: each ends in time,
//! says what it met, and has written nothing.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::aws_peers::{APP, CREDENTIALS, Server, identity, state};
use crate::support::{files_below, iamra, root, run};

/// What the server does with a connection once a request is there, and words of which one is said.
type Answer = (&'static str, fn(&mut TcpStream) -> std::io::Result<()>, &'static [&'static str]);

const SLOW: &[&str] = &["AWS did not answer within 3 s"];
const FOREIGN: &[&str] = &["which is not a response of AWS"];
const BROKEN: &[&str] = &["cannot be reached", "connection was closed"];
const UNREADABLE: &[&str] = &["sent a response that cannot be read", "which is not a response of AWS"];

const ANSWERS: &[Answer] = &[
    (
        "nothing",
        |_| {
            thread::sleep(LONG);
            Ok(())
        },
        SLOW,
    ),
    ("a head that drips", |stream| drip(stream, b"HTTP/1.1 200 OK\r\nX-Long: "), SLOW),
    (
        "a body that drips",
        |stream| drip(stream, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"a\":\""),
        SLOW,
    ),
    ("an end at once", |_| Ok(()), BROKEN),
    ("bytes that are not HTTP", |stream| stream.write_all(&[0, 159, 146, 150, 13, 10, 255]), BROKEN),
    (
        "a head without end",
        |stream| endless(stream, b"HTTP/1.1 200 OK\r\n", b"X-Long: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"),
        BROKEN,
    ),
    (
        "a redirect",
        |stream| stream.write_all(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
        FOREIGN,
    ),
    ("a page", |stream| page(stream, "200 OK", "text/html", "<html>Sign in</html>"), FOREIGN),
    ("an error of a proxy", |stream| page(stream, "502 Bad Gateway", "text/html", "<html>no</html>"), FOREIGN),
    ("another protocol's JSON", |stream| page(stream, "200 OK", "application/json", "[[1], null]"), UNREADABLE),
    (
        "a body without end",
        |stream| endless(stream, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[", &[b' '; 1 << 16]),
        &["more than"],
    ),
];

/// Longer than any deadline of these tests.
const LONG: Duration = Duration::from_secs(30);

fn drip(stream: &mut TcpStream, first: &[u8]) -> std::io::Result<()> {
    stream.write_all(first)?;
    for _ in 0..300 {
        thread::sleep(Duration::from_millis(100));
        stream.write_all(b"x")?;
    }
    Ok(())
}

/// Up to more than a machine has, as long as somebody reads.
fn endless(stream: &mut TcpStream, first: &[u8], part: &[u8]) -> std::io::Result<()> {
    stream.write_all(first)?;
    (0..(64 << 30) / part.len()).try_for_each(|_| stream.write_all(part))
}

fn page(stream: &mut TcpStream, status: &str, kind: &str, text: &str) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{text}", text.len())
}

/// Serves until the process ends, and returns the address.
fn serve(answer: fn(&mut TcpStream) -> std::io::Result<()>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || {
                let mut stream = stream?;
                let mut request = vec![0; 1 << 16];
                // This much of it is enough to answer.
                let _ = stream.read(&mut request)?;
                answer(&mut stream)?;
                // To close it while more of the request comes would reset it, and take the answer along.
                stream.shutdown(Shutdown::Write)?;
                stream.set_read_timeout(Some(LONG))?;
                std::io::copy(&mut stream, &mut std::io::sink()).map(drop)
            });
        }
    });
    format!("http://{address}")
}

/// Everything that asks AWS, and whether it prints what it knows without AWS.
const COMMANDS: &[(&[&str], bool)] = &[
    (&["render", "--live", "--lock", "none.lock"], false),
    (&["lock"], false),
    (&["lock", "--trust-policies"], false),
    (&["lock", "--check"], false),
    (&["status", "--live"], true),
    (&["doctor", "--live"], true),
    (&["aws", "plan", "--ca-certificate", "ca.pem"], false),
    (&["aws", "apply", "--ca-certificate", "ca.pem", "--yes"], false),
    (&["aws", "adopt", "--yes"], false),
    (&["destroy", "--yes"], false),
    (&["init", "new", "--yes", "--region", "eu-central-1"], false),
    (&["role", "create", "app", "--yes"], false),
];

/// A folder with what all of them need.
fn tree(lock: &str) -> tempfile::TempDir {
    let dir = crate::aws_peers::tree(APP);
    fs::write(dir.path().join("iamra.lock"), lock).unwrap();
    fs::copy(root().join("tests/data/ca/cert.pem"), dir.path().join("ca.pem")).unwrap();
    dir
}

/// What AWS says when it is there.
fn lock() -> String {
    let (double, dir) = (Server::double(&state(&identity())), crate::aws_peers::tree(APP));
    let output = run(double.iamra(dir.path()).arg("lock"), b"");
    assert_eq!(output.exit, 0, "{}", output.stderr);
    fs::read_to_string(dir.path().join("iamra.lock")).unwrap()
}

fn meet(lock: &str, (name, _, says): &Answer, url: &str, (args, prints): &(&[&str], bool)) {
    let dir = tree(lock);
    let before = files_below(dir.path());
    let mut command = iamra(dir.path());
    command.envs(CREDENTIALS).env("AWS_ENDPOINT_URL", url).env("AWS_MAX_ATTEMPTS", "2").env("IAMRA_TIMEOUT", "3");
    let started = Instant::now();
    let output = run(command.args(*args), b"");
    assert!(started.elapsed() < Duration::from_secs(20), "{name}, {args:?}: {:?}", started.elapsed());
    assert_eq!(output.exit, 3, "{name}, {args:?}: {output:?}");
    assert!(output.stdout.is_empty() || *prints, "{name}, {args:?}: {}", output.stdout);
    let all = format!("{}{}", output.stdout, output.stderr);
    assert!(says.iter().any(|words| all.contains(words)), "{name}, {args:?}: none of {says:?} in\n{all}");
    assert!(output.stderr.contains("help: ") || *prints, "{name}, {args:?}: {}", output.stderr);
    assert_eq!(files_below(dir.path()), before, "{name}, {args:?}");
}

#[test]
fn what_is_not_aws_ends_every_command_in_time_and_with_its_cause() {
    let all: Vec<_> = ANSWERS.iter().map(|answer| (answer, serve(answer.1))).collect();
    let lock = lock();
    let filter = std::env::var("CASE").unwrap_or_default();
    let pairs = all.iter().flat_map(|(answer, url)| COMMANDS.iter().map(move |command| (*answer, url, command)));
    let pairs: Vec<_> = pairs
        .filter(|(answer, _, command)| format!("{}, {}", answer.0, command.0.join(" ")).contains(&filter))
        .collect();
    let next = AtomicUsize::new(0);
    let failures = std::sync::Mutex::new(Vec::new());
    thread::scope(|scope| {
        // Nearly all of the time is waiting.
        for _ in 0..16 {
            scope.spawn(|| {
                while let Some((answer, url, command)) = pairs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if std::panic::catch_unwind(|| meet(&lock, answer, url, command)).is_err() {
                        failures.lock().unwrap().push(format!("{}, {}", answer.0, command.0.join(" ")));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
