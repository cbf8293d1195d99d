//! Runs a check's commands in the sandbox and reads what they wrote.

use std::path::{Path, PathBuf};

use towpath_host::sandbox::{
    CommandEnd, CommandOutcome, CommandSpec, JobSandbox, Level, Mount, Supervisor,
};
use towpath_report::readers::pytest;
use towpath_report::{ArtifactRecord, Problem};
use towpath_runner::{Dependencies, JobContext};
use towpath_standard::{Command, Network, Output, Partial, ToolWork, TreeUse};

use super::builds::given;
use super::bytecode::harvest;
use super::environment::Prepared;
use super::explain::job_variables;
use super::placeholders::Placeholders;
use super::scan::ScanPlan;
use super::session::{Session, problem};
use super::view::View;
use super::{Subject, Variables};

/// The folder of the job's own where its commands write.
pub(crate) const OUT: &str = "out";

/// How often the commands run before a backend has all that it asks for.
const ROUNDS: usize = 4;

/// How much of standard error is kept for readers, in bytes.
const KEPT_ERRORS: usize = 256 * 1024;

/// How large the log of a job may grow, in bytes.
const LARGEST_LOG: usize = 32 * 1024 * 1024;

/// How commands are run, beside what the check says.
pub(crate) struct Options<'a> {
    /// Files that are still to be scanned.
    pub(crate) scan: Option<&'a ScanPlan>,
    /// Whether the network is open whatever the work says.
    pub(crate) online: bool,
    /// Where files that the commands left in the tree are kept.
    pub(crate) keep_tree: Option<&'a Path>,
}

/// What the commands of a check did.
#[derive(Default)]
pub(crate) struct Executed {
    pub(crate) found: Vec<Partial>,
    pub(crate) errors: Vec<Problem>,
    pub(crate) notes: Vec<String>,
    pub(crate) artifacts: Vec<ArtifactRecord>,
    pub(crate) dependencies: Option<Dependencies>,
    pub(crate) commands: Vec<Vec<String>>,
    pub(crate) cpu_ms: u64,
    pub(crate) network_tried: bool,
    pub(crate) cancelled: bool,
}

/// Folders of one job on the host.
struct Folders {
    scratch: tempfile::TempDir,
    out: PathBuf,
    cache: PathBuf,
}

impl Session<'_> {
    /// Prepares the environment, runs the commands and reads what they wrote; once more where a build
    /// backend asks for requirements.
    pub(crate) fn execute(
        &self,
        subject: &Subject<'_>,
        work: &ToolWork,
        options: &Options<'_>,
        context: &JobContext<'_>,
    ) -> Result<Executed, Vec<Problem>> {
        let mut completed = self.completed(work);
        for _ in 0..ROUNDS {
            let executed = self.execute_once(subject, &completed, options, context)?;
            let asked = executed.found.iter().flat_map(|partial| &partial.requires);
            let asked: Vec<String> = asked.cloned().collect();
            if asked.is_empty() {
                return Ok(executed);
            }
            self.give(work, completed.to_mut(), asked);
        }
        let requirements = completed.environment.requirements.join("`, `");
        let text = format!("the build backend asks for ever more requirements: `{requirements}`");
        let hint = "its hooks `get_requires_for_build_*` must come to an end";
        Err(vec![Problem::error(text).with_hint(hint)])
    }

    fn execute_once(
        &self,
        subject: &Subject<'_>,
        work: &ToolWork,
        options: &Options<'_>,
        context: &JobContext<'_>,
    ) -> Result<Executed, Vec<Problem>> {
        let alone = |error: Problem| vec![error];
        let prepared = &self.prepare(subject, &work.environment, context)?;
        let folders = self.folders(work, prepared, context).map_err(alone)?;
        let network = options.online || work.network == Network::Open;
        let view = self
            .view(
                subject,
                work,
                prepared,
                &folders.scratch.path().join("copy"),
            )
            .map_err(alone)?;
        let sandbox = self
            .sandbox(subject, work, prepared, &folders, &view, network)
            .map_err(alone)?;
        let mut supervisor = Supervisor::start(&self.program, &sandbox)
            .map_err(|error| vec![problem(&error, error.hints())])?;
        let mut executed = Executed::default();
        let mut log = Log::open(&context.folder.join("log.txt"));
        let run = Run {
            subject,
            prepared,
            folders: &folders,
            view: &view,
            context,
        };
        for (index, command) in work.commands.iter().enumerate() {
            if !run.command(
                index,
                command,
                options.scan,
                &mut supervisor,
                &mut log,
                &mut executed,
            )? {
                break;
            }
        }
        let observation = supervisor
            .finish()
            .map_err(|error| vec![problem(&error, error.hints())])?;
        executed.network_tried = observation.network_tried;
        self.gather(work, prepared, &folders, &mut executed);
        if let (Some(kept), Level::Namespaces) = (options.keep_tree, self.level) {
            keep_tree(&folders.scratch.path().join("tree"), kept).map_err(|error| {
                alone(Problem::error(format!(
                    "cannot keep what the build left: {error}"
                )))
            })?;
        }
        let is_complete = !executed.cancelled && executed.errors.is_empty() && self.keeps_results();
        if is_complete {
            let key = self.tool_key(subject, work, &prepared.resolved);
            executed.dependencies = Some(self.dependencies(work, key, Some(&observation)));
        }
        Ok(executed)
    }

    fn folders(
        &self,
        work: &ToolWork,
        prepared: &Prepared<'_>,
        context: &JobContext<'_>,
    ) -> Result<Folders, Problem> {
        let make = || -> std::io::Result<Folders> {
            let scratch = self.scratch()?;
            let out = context.folder.join(OUT);
            if out.exists() {
                fs_err::remove_dir_all(&out)?;
            }
            for folder in [
                "sandbox",
                "tree",
                "tree-work",
                "environment",
                "environment-work",
            ] {
                fs_err::create_dir_all(scratch.path().join(folder))?;
            }
            for (name, bytes) in &work.support_files {
                write(&out.join(name), bytes)?;
            }
            if let Some((name, bytes)) = given(work, prepared) {
                write(&out.join(name), &bytes)?;
            }
            for (name, artifact) in &work.artifacts {
                let bytes = self.artifact(artifact)?;
                write(&out.join(name), &bytes)?;
            }
            let cache = self
                .machine
                .cache
                .join("tools")
                .join(
                    prepared
                        .resolved
                        .resolution
                        .digest
                        .as_str()
                        .get(..16)
                        .unwrap_or("all"),
                )
                .join(self.repository_name());
            fs_err::create_dir_all(&cache)?;
            fs_err::create_dir_all(&out)?;
            Ok(Folders {
                scratch,
                out,
                cache,
            })
        };
        make().map_err(|error| {
            Problem::error(format!("cannot prepare the folders of a job: {error}"))
                .with_hint("free space, or set `TOWPATH_CACHE_DIR` and `TOWPATH_STATE_DIR` to writable folders")
        })
    }

    /// Returns a folder that is removed with the job, or by a later run.
    pub(crate) fn scratch(&self) -> std::io::Result<tempfile::TempDir> {
        let scratches = self.machine.cache.join("scratch");
        fs_err::create_dir_all(&scratches)?;
        tempfile::Builder::new()
            .prefix(&format!("job-{}-", std::process::id()))
            .tempdir_in(&scratches)
    }

    fn repository_name(&self) -> String {
        self.state
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    /// Returns the bytes of an artifact of an earlier job, verified.
    pub(crate) fn artifact(&self, artifact: &ArtifactRecord) -> std::io::Result<Vec<u8>> {
        let missing = || {
            std::io::Error::other(format!(
                "the artifact `{}` is no longer in the store",
                artifact.name
            ))
        };
        let digest = artifact.sha256.parse().map_err(|_| missing())?;
        self.store
            .get(&digest)
            .map_err(std::io::Error::other)?
            .ok_or_else(missing)
    }

    fn sandbox(
        &self,
        subject: &Subject<'_>,
        work: &ToolWork,
        prepared: &Prepared<'_>,
        folders: &Folders,
        view: &View,
        network: bool,
    ) -> Result<JobSandbox, Problem> {
        let root = view.root.clone();
        let scratch = folders.scratch.path();
        let mut mounts = Vec::new();
        let interpreter = &prepared.resolved.interpreter.prefix;
        if !is_system(interpreter) {
            mounts.push(Mount::ReadOnly {
                source: interpreter.clone(),
                target: interpreter.clone(),
            });
        }
        if work.tree == TreeUse::InPlace || self.level != Level::Namespaces {
            mounts.push(Mount::Writable {
                source: root.clone(),
                target: root.clone(),
            });
        }
        if self.level != Level::Namespaces {
            let layers = prepared
                .over_environment
                .iter()
                .chain([&prepared.environment.folder]);
            mounts.extend(layers.map(|layer| Mount::ReadOnly {
                source: layer.clone(),
                target: layer.clone(),
            }));
        }
        if self.level == Level::Namespaces {
            let environment = &prepared.environment;
            mounts.push(Mount::Overlay {
                lower: prepared.layers(),
                upper: scratch.join("environment"),
                work: scratch.join("environment-work"),
                target: environment.folder.clone(),
            });
            match work.tree {
                TreeUse::InPlace => {}
                TreeUse::ReadOnly => {
                    mounts.push(Mount::ReadOnly {
                        source: self.clean_tree()?.to_owned(),
                        target: root.clone(),
                    });
                }
                TreeUse::Private | TreeUse::WithoutSources => mounts.push(Mount::Overlay {
                    lower: self.tree_layers(prepared)?,
                    upper: scratch.join("tree"),
                    work: scratch.join("tree-work"),
                    target: root.clone(),
                }),
            }
        }
        if work.tree == TreeUse::WithoutSources && self.level == Level::Namespaces {
            mounts.extend(hidden_sources(subject, &root));
        }
        if self.level == Level::Namespaces
            && matches!(work.tree, TreeUse::Private | TreeUse::WithoutSources)
        {
            for folder in &self.version_control {
                mounts.push(Mount::ReadOnly {
                    source: folder.clone(),
                    target: folder.clone(),
                });
            }
        }
        for folder in [&folders.out, &folders.cache] {
            mounts.push(Mount::Writable {
                source: folder.clone(),
                target: folder.clone(),
            });
        }
        Ok(JobSandbox {
            level: self.level,
            mounts,
            network,
            home: PathBuf::from("/home/towpath"),
            observe: if work.inputs.observed {
                vec![root]
            } else {
                Vec::new()
            },
            observe_folders: Vec::new(),
            scratch: scratch.join("sandbox"),
        })
    }

    /// Returns the folders that make up the tree as jobs see it, the first wins.
    fn tree_layers(&self, prepared: &Prepared<'_>) -> Result<Vec<PathBuf>, Problem> {
        let bytecode = self.state.join("bytecode");
        fs_err::create_dir_all(&bytecode).map_err(|error| {
            Problem::error(error.to_string())
                .with_hint("set `TOWPATH_STATE_DIR` to a writable folder")
        })?;
        let mut layers = prepared.over_tree.clone();
        layers.extend([bytecode, self.clean_tree()?.to_owned()]);
        Ok(layers)
    }

    /// Takes over artifacts and compiled modules.
    fn gather(
        &self,
        work: &ToolWork,
        prepared: &Prepared<'_>,
        folders: &Folders,
        executed: &mut Executed,
    ) {
        let artifacts: Vec<_> = executed
            .found
            .iter()
            .flat_map(|partial| partial.artifacts.clone())
            .collect();
        for artifact in artifacts {
            let kept = fs_err::read(folders.out.join(&artifact.path))
                .map_err(|error| error.to_string())
                .and_then(|bytes| {
                    let digest = self.store.put(&bytes).map_err(|error| error.to_string())?;
                    Ok(ArtifactRecord {
                        name: artifact.name.clone(),
                        sha256: digest.to_string(),
                        size: bytes.len() as u64,
                    })
                });
            match kept {
                Ok(record) => executed.artifacts.push(record),
                Err(error) => executed
                    .notes
                    .push(format!("`{}` was not kept: {error}", artifact.name)),
            }
        }
        let scratch = folders.scratch.path();
        let mut layers = vec![(
            scratch.join("environment"),
            prepared.environment.bytecode.clone(),
            prepared.environment.folder.clone(),
        )];
        if let (TreeUse::Private, Ok(tree)) = (work.tree, self.clean_tree()) {
            layers.push((
                scratch.join("tree"),
                self.state.join("bytecode"),
                tree.to_owned(),
            ));
        }
        for (upper, layer, base) in layers {
            if let Err(error) = harvest(&upper, &layer, &base) {
                // Compiled modules only save time.
                tracing::debug!("compiled modules were not kept: {error}");
            }
        }
    }
}

/// One command on its way through the sandbox.
struct Run<'a> {
    subject: &'a Subject<'a>,
    prepared: &'a Prepared<'a>,
    folders: &'a Folders,
    view: &'a View,
    context: &'a JobContext<'a>,
}

impl Run<'_> {
    /// Runs a command and reads what it wrote; returns whether the next one may follow.
    fn command(
        &self,
        index: usize,
        command: &Command,
        scan: Option<&ScanPlan>,
        supervisor: &mut Supervisor,
        log: &mut Log,
        executed: &mut Executed,
    ) -> Result<bool, Vec<Problem>> {
        let spec = self.specification(index, command, scan);
        self.context.progress.doing(&command.tool);
        executed.commands.push(spec.arguments.clone());
        log.line(format!("$ {}", spec.arguments.join(" ")).as_bytes());
        let mut errors = Tail::default();
        let mut events = Events {
            path: self.folders.out.join("events.jsonl"),
            offset: 0,
            progress: pytest::Progress::default(),
        };
        let outcome = supervisor
            .run(&spec, self.context.cancel, &mut |line| {
                errors.push(line);
                log.line(line);
                let text = String::from_utf8_lossy(line);
                match events.newest() {
                    Some(progress) => self.context.progress.doing(&progress),
                    None => self.context.progress.output(text.trim_end()),
                }
            })
            .map_err(|error| vec![problem(&error, error.hints())])?;
        executed.cpu_ms += outcome.cpu_ms;
        if outcome.left_behind > 0 {
            executed.notes.push(format!(
                "{} left {} processes, which were ended",
                command.tool, outcome.left_behind
            ));
        }
        match self.read(command, &spec, &outcome, &errors.text()) {
            Read::Found(partial) => executed.found.push(*partial),
            Read::Failed(problem) => executed.errors.push(problem),
            Read::Cancelled => executed.cancelled = true,
        }
        Ok(!executed.cancelled)
    }

    fn specification(
        &self,
        index: usize,
        command: &Command,
        scan: Option<&ScanPlan>,
    ) -> CommandSpec {
        let environment = &self.prepared.environment;
        let root = &self.view.root;
        let placeholders = Placeholders {
            python: &environment.python,
            bin: &environment.bin,
            tree: root,
            out: &self.folders.out,
            cache: &self.folders.cache,
        };
        let mut arguments: Vec<String> = command
            .arguments
            .iter()
            .map(|text| placeholders.fill(text))
            .collect();
        arguments.extend(
            scan.into_iter()
                .flat_map(|plan| plan.remaining.iter().cloned()),
        );
        let mut variables = self.variables();
        variables.extend(self.view.variables.clone());
        variables.extend(
            command
                .environment
                .iter()
                .map(|(name, value)| (name.clone(), placeholders.fill(value))),
        );
        let captured = !command.tool.eq("pytest");
        CommandSpec {
            arguments,
            environment: variables,
            folder: if command.folder.is_empty() {
                root.clone()
            } else {
                root.join(&command.folder)
            },
            stdout_file: captured.then(|| {
                self.folders
                    .scratch
                    .path()
                    .join(format!("sandbox/stdout-{index}"))
            }),
            timeout: None,
        }
    }

    /// The environment of a command is built, not inherited.
    fn variables(&self) -> Variables {
        let environment = &self.prepared.environment;
        let mut variables = job_variables();
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", environment.bin.display());
        variables.insert("PATH".to_owned(), path);
        variables.insert(
            "VIRTUAL_ENV".to_owned(),
            environment.folder.to_string_lossy().into_owned(),
        );
        variables
    }

    fn read(
        &self,
        command: &Command,
        spec: &CommandSpec,
        outcome: &CommandOutcome,
        errors: &str,
    ) -> Read {
        let exit = match &outcome.end {
            CommandEnd::Exited(code) => *code,
            CommandEnd::Signalled(signal) => 128 + signal,
            CommandEnd::Cancelled => return Read::Cancelled,
            CommandEnd::TimedOut => {
                return Read::Failed(Problem::error(format!("{} took too long", command.tool)));
            }
            CommandEnd::NotStarted(why) => {
                return Read::Failed(
                    Problem::error(format!("{} could not be started: {why}", command.tool))
                        .with_hint("`towpath cache clean` removes environments that may be broken"),
                );
            }
        };
        let stdout = spec
            .stdout_file
            .as_ref()
            .map_or_else(Vec::new, |file| fs_err::read(file).unwrap_or_default());
        let file = |name: &str| fs_err::read(self.folders.out.join(name)).ok();
        let output = Output {
            exit,
            stdout: &stdout,
            stderr: errors,
            root: &self.view.root.to_string_lossy(),
            folder: &command.folder,
            hint: &command.hint,
            file: &file,
        };
        match (command.read)(&output) {
            Ok(partial) => Read::Found(Box::new(partial)),
            Err(why) => {
                let check = self.subject.check.name();
                let mut problem =
                    Problem::error(format!("{} did not do its work: {why}", command.tool));
                problem
                    .hints
                    .push(format!("`towpath logs {check}` shows all that it said"));
                Read::Failed(problem)
            }
        }
    }
}

enum Read {
    Found(Box<Partial>),
    Failed(Problem),
    Cancelled,
}

/// Keeps what a build left in the tree, if it left anything but compiled modules.
fn keep_tree(upper: &Path, kept: &Path) -> std::io::Result<()> {
    let is_empty = fs_err::read_dir(upper)?.next().is_none();
    if is_empty {
        return Ok(());
    }
    if kept.exists() {
        fs_err::remove_dir_all(kept)?;
    }
    if let Some(folder) = kept.parent() {
        fs_err::create_dir_all(folder)?;
    }
    fs_err::rename(upper, kept)
}

/// Empty folders in the place of the project's importable packages.
fn hidden_sources(subject: &Subject<'_>, root: &Path) -> Vec<Mount> {
    let layout = &subject.facts.project.layout;
    layout
        .packages
        .iter()
        .filter(|package| !package.ends_with(".py"))
        .map(|package| Mount::Tmp {
            target: root.join(package),
        })
        .collect()
}

fn is_system(prefix: &Path) -> bool {
    ["/usr", "/opt", "/bin", "/lib"]
        .iter()
        .any(|folder| prefix.starts_with(folder))
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder)?;
    }
    fs_err::write(path, bytes)
}

/// The last bytes of what a command said.
#[derive(Default)]
struct Tail {
    bytes: Vec<u8>,
}

impl Tail {
    fn push(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            self.bytes.push(b'\n');
        }
        if self.bytes.len() > 2 * KEPT_ERRORS {
            self.bytes.drain(..self.bytes.len() - KEPT_ERRORS);
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// The log of a job, cut where it grows too large. A log that cannot be written is no reason to stop.
struct Log {
    file: Option<fs_err::File>,
    left: usize,
}

impl Log {
    fn open(path: &Path) -> Self {
        Self {
            file: fs_err::File::create(path).ok(),
            left: LARGEST_LOG,
        }
    }

    fn line(&mut self, line: &[u8]) {
        use std::io::Write;
        let Some(file) = &mut self.file else { return };
        if line.len() > self.left {
            let _ = writeln!(
                file,
                "… cut: the log is larger than {} MiB",
                LARGEST_LOG / 1_048_576
            );
            self.file = None;
            return;
        }
        self.left -= line.len();
        let end: &[u8] = if line.ends_with(b"\n") { b"" } else { b"\n" };
        if file
            .write_all(line)
            .and_then(|()| file.write_all(end))
            .is_err()
        {
            self.file = None;
        }
    }
}

/// Follows the events of a running pytest.
struct Events {
    path: PathBuf,
    offset: u64,
    progress: pytest::Progress,
}

impl Events {
    /// Returns the newest progress since the last call.
    fn newest(&mut self) -> Option<String> {
        use std::io::{Read as _, Seek as _, SeekFrom};
        let mut file = std::fs::File::open(&self.path).ok()?;
        file.seek(SeekFrom::Start(self.offset)).ok()?;
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        let whole = text.rfind('\n')? + 1;
        self.offset += whole as u64;
        let mut newest = None;
        for line in text[..whole].lines() {
            newest = self.progress.take(line).or(newest);
        }
        newest
    }
}
