//! The services for JavaScript actions, asked by the real clients from the npm registry.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use towpath_actions::artifacts::ArtifactStore;
use towpath_actions::{DownloadArtifact, ServedRun, Services};

use crate::world::World;

const PACKAGES: [&str; 3] = ["@actions/artifact@2", "@actions/cache@4", "@actions/core@1"];

const SCRIPT: &str = r"
const fs = require('fs');
const assert = require('assert');
const {DefaultArtifactClient} = require('@actions/artifact');
const cache = require('@actions/cache');

(async () => {
  const big = 'x'.repeat(20 * 1024 * 1024);
  fs.mkdirSync('files/deep', {recursive: true});
  fs.writeFileSync('files/one.txt', 'one');
  fs.writeFileSync('files/deep/two.txt', 'two');
  fs.writeFileSync('files/big.txt', big);

  const client = new DefaultArtifactClient();
  const files = ['files/one.txt', 'files/deep/two.txt', 'files/big.txt'];
  const up = await client.uploadArtifact('js', files, 'files', {compressionLevel: 0});
  assert(up.size > big.length);
  await assert.rejects(client.uploadArtifact('js', files, 'files'), /already/);
  const found = await client.getArtifact('js');
  assert.strictEqual(found.artifact.id, up.id);
  await client.downloadArtifact(up.id, {path: 'down', expectedHash: 'sha256:' + up.digest});
  assert.strictEqual(fs.readFileSync('down/deep/two.txt', 'utf8'), 'two');
  await client.uploadArtifact('gone', ['files/one.txt'], 'files');
  await client.deleteArtifact('gone');
  const names = (await client.listArtifacts()).artifacts.map(a => a.name);
  assert.deepStrictEqual(names, ['js']);

  const core = require('@actions/core');
  await assert.rejects(core.getIDToken('sts.amazonaws.com'), /no issuer vouches for it/);

  for (const v2 of ['true', '']) {
    process.env['ACTIONS_CACHE_SERVICE_V2'] = v2;
    const key = 'key-' + (v2 || 'old');
    assert.strictEqual(await cache.restoreCache(['files'], key), undefined);
    assert(await cache.saveCache(['files'], key) !== -1);
    fs.rmSync('files', {recursive: true});
    assert.strictEqual(await cache.restoreCache(['files'], key), key);
    assert.strictEqual(fs.readFileSync('files/big.txt', 'utf8').length, big.length);
    fs.writeFileSync('files/one.txt', 'changed');
    assert.strictEqual(await cache.restoreCache(['files'], 'other', [key.slice(0, -1)]), key);
    assert.strictEqual(fs.readFileSync('files/one.txt', 'utf8'), 'one');
  }
  console.log('all is well');
})().catch(error => { console.error(error); process.exit(1); });
";

fn services(world: &World) -> Services {
    Services::of(ServedRun {
        run_folder: world.folder("run"),
        cache_folder: world.folder("cache"),
        scopes: vec!["refs/heads/main".to_owned()],
    })
}

/// Runs a program of Node.js with the settings of this machine's user, among them the registry's.
#[expect(
    clippy::disallowed_methods,
    reason = "npm is configured in the real environment"
)]
fn node(
    folder: &Path,
    program: &str,
    arguments: &[&str],
    more: &BTreeMap<String, String>,
) -> String {
    let output = Command::new(program)
        .args(arguments)
        .envs(std::env::vars())
        .envs(more)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, error) = (text(&output.stdout), text(&output.stderr));
    assert!(
        output.status.success(),
        "{program} {arguments:?}\n{out}\n{error}"
    );
    out
}

#[test]
fn index_the_toolkits_clients_are_served() {
    let world = World::pushed(&[("a", "1")]);
    let services = services(&world);
    let mut variables = services.variables().unwrap();
    assert_eq!(
        services.variables().unwrap(),
        variables,
        "they are started once"
    );
    let folder = world.workspace();
    for (name, path) in [
        ("RUNNER_TEMP", world.folder("temp")),
        ("GITHUB_WORKSPACE", folder.clone()),
    ] {
        variables.insert(name.to_owned(), path.display().to_string());
    }
    world.write("package.json", "{}");
    world.write("script.js", SCRIPT);
    let mut install = vec!["install", "--silent", "--no-audit", "--no-fund"];
    install.extend(PACKAGES);
    node(&folder, "npm", &install, &variables);
    let said = node(&folder, "node", &["script.js"], &variables);
    assert!(said.ends_with("all is well\n"), "{said}");

    let artifacts = ArtifactStore::of(&world.folder("run")).list().unwrap();
    assert_eq!(artifacts.len(), 1);
    world.succeed(&DownloadArtifact, &[("name", "js"), ("path", "native")]);
    assert_eq!(world.read("native/one.txt").as_deref(), Some("one"));
}

#[test]
fn nobody_without_the_token_is_answered() {
    let world = World::pushed(&[("a", "1")]);
    let services = services(&world);
    let variables = services.variables().unwrap();
    let url = &variables["ACTIONS_RESULTS_URL"];
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    for (path, expected) in [
        (
            "twirp/github.actions.results.api.v1.ArtifactService/ListArtifacts",
            "401",
        ),
        ("_apis/artifactcache/cache?keys=a&version=b", "401"),
        ("towpath/blobs/1?sig=guess", "403"),
        ("", "401"),
    ] {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET /{path} HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(answer.split(' ').nth(1), Some(expected), "{path}: {answer}");
    }
    drop(services);
    let is_closed = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        TcpStream::connect(address).is_err()
    });
    assert!(is_closed, "nothing listens any more");
}
