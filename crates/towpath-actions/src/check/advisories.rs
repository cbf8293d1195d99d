//! Asks an advisory service, by the protocol of OSV, what is known of exact versions: once a day, then the
//! answer is taken from the store. What is asked, and what follows from the answer, is the standard's.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};
use towpath_host::http::{self, Client, Request};
use towpath_host::{Digest, Store};
use towpath_python::uv::http_client;
use towpath_report::readers::{ReadError, osv};
use towpath_standard::{AdvisoryQuestion, Partial, ToolWork};

use super::session::Session;

/// Kind of the entries that hold a day's answer.
const KIND: &str = "advisories";
/// How many queries the service takes in one request.
const QUERIES: usize = 1000;
/// How often the service may say that there is more.
const PAGES: usize = 100;
/// Size of the largest answer that is read, in bytes.
const LARGEST_ANSWER: u64 = 16 * 1024 * 1024;
/// Size of all advisories together, in bytes.
const LARGEST_SUM: usize = 256 * 1024 * 1024;
/// How many advisories are fetched at once.
const AT_ONCE: usize = 8;

/// What became of a question.
pub(super) struct Asked {
    /// What goes to the check; `None` where there was nothing to ask.
    pub(super) found: Option<Partial>,
    /// Whether an answer is there where there was a question.
    pub(super) is_answered: bool,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Http(#[from] http::Error),
    #[error("its answer is not what a service of OSV gives: {0}")]
    Json(#[from] serde_json::Error),
    #[error("its answer is not what a service of OSV gives: {0}")]
    Advisory(#[from] ReadError),
    #[error("its answer {0}")]
    Answer(&'static str),
    #[error("the network must not be used")]
    Offline,
}

impl Session<'_> {
    /// Asks what a check wants to know of an advisory service. One that does not answer is a note.
    pub(super) fn ask_advisories(&self, work: &ToolWork) -> Asked {
        let Some(question) = &work.advisories else {
            return Asked {
                found: None,
                is_answered: true,
            };
        };
        let ask = || {
            if self.machine.is_offline() {
                return Err(Error::Offline);
            }
            records(&http_client(&self.machine)?, question)
        };
        let known = of_the_day(self.store, &self.date, question, ask)
            .and_then(|records| Ok(osv::read(&records)?));
        let is_answered = known.is_ok();
        let mut found = Partial::default();
        match known {
            Ok(advisories) => found.advisories = advisories,
            Err(error) => found.notes.push(unanswered(&question.service, &error)),
        }
        Asked {
            found: Some(found),
            is_answered,
        }
    }
}

fn unanswered(service: &str, error: &Error) -> String {
    let hint = match error {
        Error::Http(error) => error.hints().join("; "),
        _ => "check its address, or name a file of advisories".to_owned(),
    };
    format!(
        "locked dependencies were not looked up at `{service}`, which `advisories` in \
         `[tool.towpath.security]` names: {error}; {hint}. The verdict is not reused"
    )
}

/// Returns the answer of this day: the one that is kept, else a new one.
fn of_the_day(
    store: &Store,
    date: &str,
    question: &AdvisoryQuestion,
    ask: impl FnOnce() -> Result<Vec<u8>, Error>,
) -> Result<Vec<u8>, Error> {
    let key = Digest::of(format!("{date} {question:?}").as_bytes());
    if let Ok(Some(known)) = store.entry(KIND, key.as_str()) {
        return Ok(known);
    }
    let answer = ask()?;
    if let Err(error) = store.put_entry(KIND, key.as_str(), &answer) {
        tracing::debug!("the advisories were not kept: {error}");
    }
    Ok(answer)
}

/// Returns the records of all advisories about the packages, as one array.
fn records(client: &Client, question: &AdvisoryQuestion) -> Result<Vec<u8>, Error> {
    let service = question.service.as_str();
    let mut identifiers = BTreeSet::new();
    for packages in question.packages.chunks(QUERIES) {
        let queries = packages.iter().map(|(name, version)| {
            json!({"package": {"name": name, "ecosystem": "PyPI"}, "version": version})
        });
        identifiers.extend(matching(client, service, queries.collect())?);
    }
    let identifiers: Vec<String> = identifiers.into_iter().collect();
    let mut all = Vec::new();
    for identifiers in identifiers.chunks(AT_ONCE) {
        for record in fetched(client, service, identifiers)? {
            all.push(if all.is_empty() { b'[' } else { b',' });
            all.extend(record);
        }
        if all.len() > LARGEST_SUM {
            return Err(Error::Answer("names more advisories than are read"));
        }
    }
    if all.is_empty() {
        all.push(b'[');
    }
    all.push(b']');
    Ok(all)
}

/// What is known of several packages, in the order of the queries.
#[derive(Deserialize)]
struct Batch {
    results: Vec<Matches>,
}

#[derive(Deserialize)]
struct Matches {
    #[serde(default)]
    vulns: Vec<Match>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Match {
    id: String,
}

/// Returns the identifiers of the advisories that queries lead to.
fn matching(
    client: &Client,
    service: &str,
    mut queries: Vec<Value>,
) -> Result<BTreeSet<String>, Error> {
    let mut identifiers = BTreeSet::new();
    for _ in 0..PAGES {
        let question = json!({"queries": queries}).to_string();
        let url = format!("{service}/v1/querybatch");
        let answer = send(client, &url, Some(question.as_bytes()))?;
        let answer: Batch = serde_json::from_slice(&answer)?;
        if answer.results.len() != queries.len() {
            return Err(Error::Answer(
                "is not about the packages that were asked for",
            ));
        }
        let mut unfinished = Vec::new();
        for (mut query, matches) in queries.into_iter().zip(answer.results) {
            identifiers.extend(matches.vulns.into_iter().map(|found| found.id));
            if let (Some(token), Value::Object(query)) = (matches.next_page_token, &mut query)
                && !token.is_empty()
            {
                query.insert("page_token".to_owned(), token.into());
                unfinished.push(Value::Object(std::mem::take(query)));
            }
        }
        if unfinished.is_empty() {
            return Ok(identifiers);
        }
        queries = unfinished;
    }
    Err(Error::Answer("has no end"))
}

/// Fetches records, all at once.
fn fetched(client: &Client, service: &str, identifiers: &[String]) -> Result<Vec<Vec<u8>>, Error> {
    let fetch = |identifier: &String| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        if !identifier.bytes().all(is_plain) {
            return Err(Error::Answer("names an advisory by no identifier"));
        }
        let record = send(client, &format!("{service}/v1/vulns/{identifier}"), None)?;
        osv::read(&record)?;
        Ok(record)
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = identifiers
            .iter()
            .map(|identifier| scope.spawn(move || fetch(identifier)))
            .collect();
        let ended = running.into_iter().map(|thread| {
            let panicked = |panic| std::panic::resume_unwind(panic);
            thread.join().unwrap_or_else(panicked)
        });
        ended.collect()
    })
}

fn send(client: &Client, url: &str, json: Option<&[u8]>) -> Result<Vec<u8>, Error> {
    let request = Request {
        headers: &[("accept", "application/json")],
        json,
        limit: LARGEST_ANSWER,
    };
    Ok(client.send(url, &request)?.body)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::thread::JoinHandle;

    use tiny_http::{Response, Server};

    use super::*;

    /// Stands for an OSV service, which tests cannot ask: answers requests as its documentation has it, by
    /// what their address ends with and their body holds, and returns what it was sent.
    fn service(
        requests: usize,
        answers: &'static [(&str, &str, &str)],
    ) -> (String, JoinHandle<Vec<String>>) {
        let server = Server::http("127.0.0.1:0").unwrap();
        let address = format!("http://{}", server.server_addr());
        let thread = std::thread::spawn(move || {
            let answer = |_| {
                let mut request = server.recv().unwrap();
                let mut body = String::new();
                request.as_reader().read_to_string(&mut body).unwrap();
                let url = request.url().to_owned();
                let (_, _, answer) = answers
                    .iter()
                    .find(|(end, held, _)| url.ends_with(end) && body.contains(held))
                    .unwrap();
                request.respond(Response::from_string(*answer)).unwrap();
                format!("{url} {body}")
            };
            (0..requests).map(answer).collect()
        });
        (address, thread)
    }

    fn question(service: &str) -> AdvisoryQuestion {
        let package = |name: &str, version: &str| (name.to_owned(), version.to_owned());
        AdvisoryQuestion {
            service: service.to_owned(),
            packages: vec![package("jinja2", "2.4.1"), package("rich", "13.0")],
        }
    }

    fn client() -> Client {
        Client::new(&BTreeMap::new()).unwrap()
    }

    #[test]
    fn every_page_is_asked_for_once_a_day() {
        let (address, server) = service(
            4,
            &[
                (
                    "/v1/querybatch",
                    "page_token",
                    r#"{"results": [{"vulns": [{"id": "B-2", "modified": "x"}]}]}"#,
                ),
                (
                    "/v1/querybatch",
                    "",
                    r#"{"results": [{"vulns": [{"id": "A-1"}], "next_page_token": "t"}, {}]}"#,
                ),
                (
                    "/v1/vulns/A-1",
                    "",
                    r#"{"id": "A-1", "affected": [{"package": {"ecosystem": "PyPI", "name": "jinja2"}}]}"#,
                ),
                (
                    "/v1/vulns/B-2",
                    "",
                    r#"{"id": "B-2", "affected": [{"package": {"ecosystem": "PyPI", "name": "jinja2"}}]}"#,
                ),
            ],
        );
        let question = question(&address);
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let on = |date| of_the_day(&store, date, &question, || records(&client(), &question));
        let known = osv::read(&on("2026-11-21").unwrap()).unwrap();
        let identifiers: Vec<&str> = known.iter().map(|advisory| advisory.id.as_str()).collect();
        assert_eq!(identifiers, ["A-1", "B-2"]);
        let sent = server.join().unwrap();
        let bodies = sent
            .iter()
            .filter_map(|request| request.strip_prefix("/v1/querybatch "));
        let bodies: Vec<Value> = bodies
            .map(|body| serde_json::from_str(body).unwrap())
            .collect();
        let package = |name: &str| json!({"name": name, "ecosystem": "PyPI"});
        let (jinja2, rich) = (package("jinja2"), package("rich"));
        let all = [
            json!({"package": jinja2, "version": "2.4.1"}),
            json!({"package": rich, "version": "13.0"}),
        ];
        let more = [json!({"package": jinja2, "version": "2.4.1", "page_token": "t"})];
        assert_eq!(bodies, [json!({"queries": all}), json!({"queries": more})]);
        // The service is gone by now.
        assert!(on("2026-11-21").is_ok());
        assert!(matches!(on("2026-11-22"), Err(Error::Http(_))));
    }

    #[test]
    fn what_is_no_answer_is_told() {
        for (answers, expected) in [
            (
                &[("", "", "<html>")][..],
                "its answer is not what a service of OSV gives",
            ),
            (
                &[("", "", r#"{"results": []}"#)],
                "its answer is not about the packages that were asked for",
            ),
            (
                &[("", "", r#"{"results": [{"vulns": [{"id": "../a"}]}, {}]}"#)],
                "its answer names an advisory by no identifier",
            ),
        ] {
            let (address, _server) = service(1, answers);
            let error = records(&client(), &question(&address)).unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
            let note = unanswered(&address, &error);
            assert!(note.contains("or name a file of advisories"), "{note}");
        }
    }
}
