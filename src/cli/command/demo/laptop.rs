//! `iamra demo --serve`: from the example's CA to credentials on this machine. In place of AWS stands a stand-in.

use std::env;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use crate::certificate::{Authority, Certificate};
use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::io::{Io, aside};
use crate::cli::serving::world;
use crate::cli::signals::{self, Started};
use crate::quote::quote;
use crate::resolve::Identity;
use crate::serve::{self, Account};
use crate::temporary::TemporaryFolder;
use crate::{aws, ca, disk};

/// How long the helper may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often it is looked whether something has happened.
const PAUSE: Duration = Duration::from_millis(50);

/// What would give the AWS CLI other credentials, or lead it elsewhere.
const OTHERS: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_EC2_METADATA_DISABLED",
];

/// A workload of the example.
pub(super) struct Workload<'w> {
    pub(super) common_name: &'w str,
    pub(super) identity: &'w Identity,
}

pub(super) fn run(dir: &Path, authority: &Authority, whose: &Workload<'_>, io: &mut Io) -> Result<Exit, Error> {
    signals::end_well();
    let Workload { common_name, identity } = whose;
    let subject = ca::Subject::from_now(common_name, OffsetDateTime::now_utc(), time::Duration::hours(24));
    let (certificate, key) = ca::issue(subject, authority)?;
    let place = dir.join("certificate");
    let written = |error| Error::Disk(disk::Error::Write(place.clone(), error));
    let folder = TemporaryFolder::beside(&place).map_err(written)?;
    folder.write("tls.crt", &certificate).map_err(written)?;
    folder.write_private("tls.key", key.reveal()).map_err(written)?;
    io.remark(&format_args!(
        "a CA and a certificate for CN={common_name}, as cert-manager issues it: made for this run, and deleted when it ends\n"
    ))?;
    let trusted = Certificate::first(&authority.certificate).ok_or_else(|| nothing("the CA cannot be read"))?;
    let account = Account { identity: (*identity).clone(), authority: trusted, common_name: (*common_name).to_owned() };
    let aws = serve::stand_in(account, world())?;
    io.remark(&format_args!(
        "no AWS is asked: a stand-in on {aws} checks the certificate's chain and the signatures as IAM Roles Anywhere \
         and STS do, and its credentials are good for nothing else\n"
    ))?;
    let port = free_port()?;
    let helper = start(&folder, identity, &aws, port, io)?;
    let outcome = ask(&helper, identity, &aws, port, io);
    signals::end(&helper);
    outcome
}

fn nothing(why: &str) -> Error {
    Error::Serve(serve::Error::None(why.to_owned()))
}

/// A port that nobody has. Not that of the example, which another demo may be about to take: its helper would answer for ours.
fn free_port() -> Result<u16, Error> {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|it| it.local_addr());
    let address = address.map_err(|error| serve::Error::Port((Ipv4Addr::LOCALHOST, 0).into(), error))?;
    Ok(address.port())
}

/// Starts AWS's helper if it is known where it is, or this program's own server, which takes the same flags.
fn start(folder: &TemporaryFolder, identity: &Identity, aws: &str, port: u16, io: &mut Io) -> Result<Started, Error> {
    let named = env::var_os("AWS_SIGNING_HELPER").map(PathBuf::from);
    let ours = || env::current_exe().unwrap_or_else(|_| PathBuf::from("iamra"));
    let program = named.clone().unwrap_or_else(ours);
    let file = |name: &str| folder.path().join(name).display().to_string();
    let mut command = Command::new(&program);
    command.arg("serve");
    for (flag, value) in [
        ("--certificate", file("tls.crt")),
        ("--private-key", file("tls.key")),
        ("--trust-anchor-arn", identity.trust_anchor.to_string()),
        ("--profile-arn", identity.profile.to_string()),
        ("--role-arn", identity.role.to_string()),
        ("--region", identity.trust_anchor.region.clone()),
        ("--endpoint", aws.to_owned()),
        ("--port", port.to_string()),
    ] {
        command.args([flag, &value]);
    }
    // What it says belongs to the log: stdout is for the answer.
    command.stdin(Stdio::null()).stdout(Stdio::null()).env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    let name = if named.is_some() { "AWS_SIGNING_HELPER" } else { "`iamra serve`" };
    io.remark(&format_args!(
        "the sidecar's part: {name}, with that certificate, serves credentials on http://127.0.0.1:{port}\n"
    ))?;
    let help = "AWS_SIGNING_HELPER names AWS's `aws_signing_helper`; without it, `iamra serve` is used";
    let started = signals::start(&mut command, |_| ());
    let (started, ()) = started.map_err(|error| Error::Program(format!("{} serve", program.display()), help, error))?;
    Ok(started)
}

/// Asks as an application does, and goes on serving if somebody watches.
fn ask(helper: &Started, identity: &Identity, aws: &str, port: u16, io: &mut Io) -> Result<Exit, Error> {
    let since = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        if signals::has_ended(helper) || since.elapsed() > PATIENCE {
            return Err(nothing("the helper does not listen"));
        }
        sleep(PAUSE);
    }
    let (metadata, region) = (format!("http://127.0.0.1:{port}"), &identity.trust_anchor.region);
    let arn = aws::caller(&metadata, aws, region).map_err(|why| nothing(&why))?;
    if let Some(answer) = aws_cli(&metadata, aws, region)? {
        io.remark(&"an application's part: `aws sts get-caller-identity`\n")?;
        io.data(|out| out.write_all(&answer))?;
    } else {
        io.remark(&"an application's part: AWS's SDK for Rust asks STS who it is\n")?;
        io.data(|out| writeln!(out, "{arn}"))?;
    }
    if !io.is_watched() {
        return Ok(Exit::Done);
    }
    io.words(&format_args!(
        "\nAsk for yourself in another terminal; Ctrl-C ends this one:\n\n  \
         export AWS_EC2_METADATA_SERVICE_ENDPOINT={metadata} AWS_REGION={region}\n  \
         aws sts get-caller-identity --endpoint-url {aws}\n"
    ))?;
    while !signals::has_ended(helper) {
        sleep(PAUSE);
    }
    // Ctrl-C reaches the helper, too, and may reach it first.
    sleep(Duration::from_secs(1));
    Err(nothing("the helper has ended"))
}

/// What the AWS CLI says; nothing if there is none that runs.
fn aws_cli(metadata: &str, aws: &str, region: &str) -> Result<Option<Vec<u8>>, Error> {
    let mut command = Command::new("aws");
    command.args(["sts", "get-caller-identity", "--output", "json", "--endpoint-url", aws]).stdin(Stdio::null());
    for name in OTHERS {
        command.env_remove(name);
    }
    for (name, value) in [
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata),
        ("AWS_REGION", region),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_PAGER", ""),
        ("NO_PROXY", "127.0.0.1"),
        ("no_proxy", "127.0.0.1"),
    ] {
        command.env(name, value);
    }
    match command.output() {
        Ok(output) if output.status.success() => Ok(Some(output.stdout)),
        Ok(output) => {
            let words = String::from_utf8_lossy(&output.stderr);
            aside(&format_args!("`aws` failed: {}", quote(&words.trim())));
            Ok(None)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::Program("aws".to_owned(), "remove it from PATH, or make it run", error)),
    }
}
