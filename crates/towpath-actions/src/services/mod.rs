//! The services that clients of GitHub's toolkit expect beside a JavaScript action: artifacts, caches in
//! both of their protocols, and identity tokens, which nobody can issue here. They listen on loopback, answer only to who has the run's token, and use the
//! same stores as the built-in actions.

mod artifacts;
mod blobs;
mod caches;
mod request;
mod token;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tiny_http::Server;
use towpath_report::Problem;

use crate::artifacts::ArtifactStore;
use crate::cache::CacheStore;
use blobs::Blobs;
use request::{Answer, Asked};
use token::Token;

/// How many requests are answered at once; clients upload parts side by side.
const WORKERS: usize = 8;

/// What a client hears that asks for an identity token.
const NO_ISSUER: &str = "this run is on a machine of its own, where no issuer vouches for it by an OIDC \
                         token; give the job static credentials as secrets, or run it on the forge";

/// What the services serve.
#[derive(Debug, Clone)]
pub struct ServedRun {
    /// Folder of the run, whose artifacts lie in `artifacts`.
    pub run_folder: PathBuf,
    /// Folder of the repository's caches.
    pub cache_folder: PathBuf,
    /// The refs whose caches may be read; the first is the run's own, which writes.
    pub scopes: Vec<String>,
}

/// The services of one run: started when they are first asked for, stopped when this is dropped.
pub struct Services {
    run: ServedRun,
    running: Mutex<Option<Running>>,
}

struct Running {
    server: Arc<Server>,
    workers: Vec<JoinHandle<()>>,
    variables: BTreeMap<String, String>,
}

/// What every request is answered from.
struct Shared {
    url: String,
    token: Token,
    artifacts: ArtifactStore,
    caches: CacheStore,
    scopes: Vec<String>,
    blobs: Blobs,
}

impl Services {
    /// Returns the services of a run; nothing is started yet.
    pub fn of(run: ServedRun) -> Self {
        Self {
            run,
            running: Mutex::new(None),
        }
    }

    /// Returns the variables that name the services, which are started if they are not running yet.
    pub fn variables(&self) -> Result<BTreeMap<String, String>, Problem> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_none() {
            let started = Running::start(&self.run).map_err(|error| {
                Problem::error(format!(
                    "the services for JavaScript actions cannot be started: {error}"
                ))
                .with_hint("check that programs may listen on 127.0.0.1")
            })?;
            *running = Some(started);
        }
        Ok(running
            .as_ref()
            .map(|running| running.variables.clone())
            .unwrap_or_default())
    }
}

impl Running {
    fn start(run: &ServedRun) -> io::Result<Self> {
        let server = Arc::new(Server::http("127.0.0.1:0").map_err(io::Error::other)?);
        let address = server.server_addr().to_string();
        let url = format!("http://{address}/");
        let token = Token::new()?;
        let shared = Arc::new(Shared {
            url: url.clone(),
            artifacts: ArtifactStore::of(&run.run_folder),
            caches: CacheStore::of(&run.cache_folder),
            scopes: run.scopes.clone(),
            blobs: Blobs::default(),
            token,
        });
        let variables = [
            ("ACTIONS_RUNTIME_URL", url.clone()),
            ("ACTIONS_RUNTIME_TOKEN", shared.token.bearer().to_owned()),
            ("ACTIONS_RESULTS_URL", url.clone()),
            (
                "ACTIONS_ID_TOKEN_REQUEST_URL",
                format!("{url}towpath/identity?api-version=2.0"),
            ),
            (
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
                shared.token.bearer().to_owned(),
            ),
            ("ACTIONS_CACHE_URL", url),
            ("ACTIONS_CACHE_SERVICE_V2", "true".to_owned()),
        ];
        let workers = (0..WORKERS)
            .map(|_| {
                let (server, shared) = (Arc::clone(&server), Arc::clone(&shared));
                std::thread::spawn(move || serve(&server, &shared))
            })
            .collect();
        Ok(Self {
            server,
            workers,
            variables: variables
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for _ in &self.workers {
            self.server.unblock();
        }
        for worker in self.workers.drain(..) {
            // A worker that panicked said so already.
            let _ = worker.join();
        }
    }
}

fn serve(server: &Server, shared: &Shared) {
    while let Ok(mut request) = server.recv() {
        let answer = match Asked::read(&mut request) {
            Ok(mut asked) => answer(shared, &mut asked),
            Err(error) => Answer::error(400, &error.to_string()),
        };
        if let Err(error) = answer.send(request) {
            tracing::debug!(%error, "a client did not wait for its answer");
        }
    }
}

fn answer(shared: &Shared, asked: &mut Asked<'_>) -> Answer {
    let path = asked.path.clone();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if let ["towpath", "blobs", name] = parts.as_slice() {
        return if shared.token.has_signed(asked.query("sig")) {
            blobs::answer(shared, asked, name)
        } else {
            Answer::error(403, "the signature is not that of this run")
        };
    }
    if !shared.token.is_bearer(&asked.authorization) {
        return Answer::error(401, "the token is not that of this run");
    }
    match parts.as_slice() {
        ["towpath", "identity"] => Answer::error(403, NO_ISSUER),
        ["twirp", service, method] if service.ends_with(".ArtifactService") => {
            artifacts::answer(shared, asked, method)
        }
        ["twirp", service, method] if service.ends_with(".CacheService") => {
            caches::answer_twirp(shared, asked, method)
        }
        ["_apis", "artifactcache", rest @ ..] => caches::answer_rest(shared, asked, rest),
        _ => Answer::error(404, "towpath has no such service"),
    }
}
