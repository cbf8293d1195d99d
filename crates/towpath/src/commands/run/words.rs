//! `--list`, `--plan` and `--dry-run` in words.

use towpath_report::text::harmless;

use crate::terminal::{Paint, Style, wrap};

use super::listing::{CopyListing, JobListing, Listing, WorkflowListing, text};

/// Where the third column begins, if nothing before it is longer.
const THIRD: usize = 35;

/// What stands before the name of an environment.
const ENVIRONMENT: &str = "environment ";

/// Writes `--list`.
pub(super) fn list(listing: &Listing, style: Style) -> String {
    let page = Page::new(listing, style);
    let mut out = String::new();
    if let Some(folder) = listing.folder {
        out.push_str(&format!("{}\n\n", style.paint(Paint::Faint, folder)));
    }
    for workflow in &listing.workflows {
        out.push_str(&page.heading(workflow, &format!("on {}", workflow.on.join(", "))));
        for job in &workflow.jobs {
            out.push_str(&page.job(job, &aligned(workflow, listed(workflow, job))));
        }
    }
    out.push('\n');
    out.push_str(&closing(listing, style));
    out.push_str(&advice(listing, style));
    out
}

/// Writes `--plan`: the jobs that the event starts, with every copy and condition.
pub(super) fn plan(listing: &Listing, style: Style) -> String {
    let page = Page::new(listing, style);
    let mut out = String::new();
    for workflow in listing.workflows.iter().filter(|workflow| workflow.starts) {
        out.push_str(&page.heading(workflow, &workflow.event.described));
        for job in workflow.jobs.iter().filter(|job| job.selected) {
            out.push_str(&page.job(job, &aligned(workflow, cells(job))));
            if let Some(condition) = &job.condition {
                out.push_str(&page.condition(condition, job.holds));
            }
            out.push_str(&page.copies(job));
        }
        out.push('\n');
    }
    out.push_str(&closing(listing, style));
    out.push_str("Steps of workflow files always run: none of their jobs is reused.\n");
    out
}

/// Writes `--dry-run`: the steps of every copy that would run here.
pub(super) fn dry_run(listing: &Listing, style: Style) -> String {
    let page = Page::new(listing, style);
    let mut out = String::new();
    for workflow in listing.workflows.iter().filter(|workflow| workflow.starts) {
        out.push_str(&page.heading(workflow, &workflow.event.described));
        for job in workflow.jobs.iter().filter(|job| job.selected) {
            out.push_str(&page.steps(job));
        }
        out.push('\n');
    }
    out.push_str(&closing(listing, style));
    out.push_str("Dry run: nothing was executed, nothing was changed.\n");
    out
}

/// The second column of a job, and the lines of its third.
struct Cells {
    second: String,
    third: Vec<String>,
}

/// What `--list` says of a job, with why it would not run.
fn listed(workflow: &WorkflowListing, job: &JobListing) -> Cells {
    let mut cells = cells(job);
    if workflow.starts && job.holds == Some(false) {
        cells.third.push("skipped: its `if` is false".to_owned());
    }
    cells
}

/// Names of environments stand in one column of their own in each workflow.
fn aligned(workflow: &WorkflowListing, mut cells: Cells) -> Cells {
    if cells.second.starts_with(ENVIRONMENT) {
        let names = workflow.jobs.iter().map(|job| job.environments.join(", "));
        let longest = names.map(|name| name.chars().count()).max().unwrap_or(0);
        cells.second = filled(&cells.second, ENVIRONMENT.len() + longest);
    }
    cells
}

fn cells(job: &JobListing) -> Cells {
    let needs = (!job.needs.is_empty()).then(|| format!("needs {}", job.needs.join(", ")));
    let copies = job.copies.as_deref();
    let places = copies.map(places).unwrap_or_default();
    let all_here = copies.is_some_and(|copies| copies.iter().all(|copy| copy.runs_here));
    let number = number(job);
    if let Some(mistake) = &job.mistake {
        return Cells {
            second: "no copy".to_owned(),
            third: vec![mistake.clone()],
        };
    }
    if !job.environments.is_empty() {
        let many = copies
            .is_none_or(|copies| copies.len() != 1)
            .then_some(number);
        let places = (!all_here)
            .then(|| places.join("; "))
            .filter(|text| !text.is_empty());
        let approval = job.needs_approval.then(|| "approval".to_owned());
        // An approval is waited for as a job is.
        let waits = match (needs, approval) {
            (Some(needs), Some(approval)) => Some(format!("{needs}, {approval}")),
            (None, Some(approval)) => Some(format!("needs {approval}")),
            (needs, None) => needs,
        };
        return Cells {
            second: format!("{ENVIRONMENT}{}", job.environments.join(", ")),
            third: [many, places, waits].into_iter().flatten().collect(),
        };
    }
    if let Some(called) = &job.calls {
        let called = called.trim_start_matches("./.github/workflows/");
        return Cells {
            second: format!("calls {called}"),
            third: needs.into_iter().collect(),
        };
    }
    match (copies, needs) {
        (Some([copy]), Some(needs)) if copy.runs_here => Cells {
            second: needs,
            third: Vec::new(),
        },
        (_, needs) => Cells {
            second: number,
            third: places.into_iter().chain(needs).collect(),
        },
    }
}

fn number(job: &JobListing) -> String {
    match job.copies.as_deref() {
        None => "some copies".to_owned(),
        Some([]) => "no copy".to_owned(),
        Some([_]) => "1 copy".to_owned(),
        Some(copies) => format!("{} copies", copies.len()),
    }
}

/// Returns how many copies run here and how many do not, with the runners they ask for.
fn places(copies: &[CopyListing]) -> Vec<String> {
    let (here, elsewhere): (Vec<&CopyListing>, Vec<&CopyListing>) =
        copies.iter().partition(|copy| copy.runs_here);
    let labels = |copies: &[&CopyListing], of: &dyn Fn(&CopyListing) -> Vec<String>| {
        let mut labels: Vec<String> = Vec::new();
        for label in copies.iter().flat_map(|copy| of(copy)) {
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
        labels.join(", ")
    };
    let missing = labels(&elsewhere, &|copy| copy.not_here.clone());
    match (here.len(), elsewhere.len()) {
        (0, 0) => Vec::new(),
        (_, 0) => vec!["runnable here".to_owned()],
        (0, _) => vec![format!("not runnable here: {missing}")],
        (some, rest) => vec![
            format!(
                "{some} runnable here: {}",
                labels(&here, &|copy| copy.runs_on.clone())
            ),
            format!("{rest} not: {missing}"),
        ],
    }
}

/// Columns that all workflows of a listing share.
struct Page {
    style: Style,
    /// Where the names of workflows begin.
    names: usize,
    /// Where the second column of jobs begins.
    second: usize,
    /// Where the third begins.
    third: usize,
}

impl Page {
    fn new(listing: &Listing, style: Style) -> Self {
        let jobs = || listing.workflows.iter().flat_map(|workflow| &workflow.jobs);
        let longest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0);
        let second = 2 + longest(&mut jobs().map(|job| job.id.chars().count())) + 3;
        let numbers = longest(&mut jobs().map(|job| number(job).len()));
        let files = listing
            .workflows
            .iter()
            .map(|workflow| workflow.file.chars().count());
        Self {
            style,
            names: longest(&mut files.into_iter()) + 2,
            second,
            third: THIRD.max(second + numbers + 3),
        }
    }

    fn heading(&self, workflow: &WorkflowListing, about: &str) -> String {
        let name = workflow.name.as_deref().unwrap_or_default();
        let start = filled(&harmless(&workflow.file), self.names) + &harmless(name);
        let column = if self.style.is_narrow() {
            2
        } else {
            self.third
        };
        let (first, rest) = self.beside(&start, about, column);
        format!(
            "{}{rest}",
            first.replacen(
                &*harmless(&workflow.file),
                &self.style.paint(Paint::Strong, &harmless(&workflow.file)),
                1,
            )
        )
    }

    fn job(&self, job: &JobListing, cells: &Cells) -> String {
        let id = format!("  {}", job.id);
        if self.style.is_narrow() {
            let mut words = vec![cells.second.trim_end().to_owned()];
            words.extend(cells.third.clone());
            let (first, rest) = self.beside(&id, &words.join("; "), 4);
            return first + &rest;
        }
        let start = filled(&id, self.second) + &harmless(&cells.second);
        let mut lines = cells.third.iter();
        let Some(first) = lines.next() else {
            return format!("{}\n", self.style.paint(Paint::Plain, start.trim_end()));
        };
        // Names of environments may be longer than counts; what follows them stands behind them.
        let column = self.third.max(start.chars().count() + 3);
        let (first, rest) = self.beside(&start, first, column);
        let more = lines.map(|line| {
            let (first, rest) = self.beside("", line, column);
            first + &rest
        });
        first + &rest + &more.collect::<String>()
    }

    /// Returns a text beside a start, wrapped so that no line leaves the screen.
    fn beside(&self, start: &str, text: &str, column: usize) -> (String, String) {
        let columns = self.style.text_columns();
        let fits = start.chars().count() + 2 <= column || start.is_empty();
        let parts = wrap(&harmless(text), columns.saturating_sub(column).max(20));
        let mut lines = Vec::new();
        let mut parts = parts.into_iter();
        if fits {
            lines.push(filled(start, column) + &parts.next().unwrap_or_default());
        } else {
            lines.push(start.trim_end().to_owned());
        }
        let rest: Vec<String> = parts.map(|part| filled("", column) + &part).collect();
        let painted = |line: &String| self.style.paint(Paint::Plain, line) + "\n";
        let first: String = lines.iter().map(painted).collect();
        (first, rest.iter().map(painted).collect())
    }

    /// Returns a text right behind a start, wrapped below it where the line is too short.
    fn behind(&self, start: &str, text: &str) -> String {
        let whole = format!("{}  {}", start.trim_end(), harmless(text));
        let indent = start.chars().take_while(|c| *c == ' ').count();
        let columns = self.style.text_columns().saturating_sub(indent + 2).max(20);
        let mut out = String::new();
        for (number, line) in wrap(whole.trim(), columns).iter().enumerate() {
            let indent = if number == 0 { indent } else { indent + 2 };
            let line = filled("", indent) + line;
            out.push_str(&(self.style.paint(Paint::Plain, &line) + "\n"));
        }
        out
    }

    fn condition(&self, condition: &str, holds: Option<bool>) -> String {
        let verdict = match holds {
            Some(true) => "true",
            Some(false) => "false, so it is skipped",
            None => "known when the jobs that it needs have ended",
        };
        let (first, rest) =
            self.beside("    if", &format!("{}: {verdict}", one_line(condition)), 8);
        first + &rest
    }

    fn copies(&self, job: &JobListing) -> String {
        let of_matrix = job
            .copies
            .iter()
            .flatten()
            .filter(|copy| !copy.matrix.is_empty());
        of_matrix
            .map(|copy| {
                let values: Vec<String> = copy
                    .matrix
                    .iter()
                    .map(|(name, value)| match value {
                        serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
                            format!("{name}={value}")
                        }
                        value => format!("{name}={}", text(value)),
                    })
                    .collect();
                let place = if copy.runs_here {
                    String::new()
                } else {
                    format!("  (not here: {})", copy.not_here.join(", "))
                };
                let (first, rest) = self.beside("", &format!("{}{place}", values.join(" ")), 4);
                first + &rest
            })
            .collect()
    }

    fn steps(&self, job: &JobListing) -> String {
        if job.holds == Some(false) {
            let condition = one_line(job.condition.as_deref().unwrap_or_default());
            let (first, rest) = self.beside(
                &format!("  {}", job.id),
                &format!("skipped: `{condition}` is false"),
                self.second,
            );
            return first + &rest;
        }
        let mut out = String::new();
        for copy in job.copies.iter().flatten() {
            let start = format!("  {}", harmless(&copy.name));
            let about = if copy.runs_here {
                String::new()
            } else {
                format!("not here: {}", copy.not_here.join(", "))
            };
            out.push_str(&self.behind(&start, &about));
            if !copy.runs_here {
                continue;
            }
            if let Some(called) = &job.calls {
                out.push_str(&self.behind("    calls", called));
            }
            for (index, step) in copy.steps.iter().enumerate() {
                let (first, rest) =
                    self.beside(&format!("    {:>2}", index + 1), &short(&one_line(step)), 8);
                out.push_str(&(first + &rest));
            }
        }
        if job.copies.is_none() {
            out.push_str(&self.behind(
                &format!("  {}", job.id),
                "copies are known when the jobs that it needs have ended",
            ));
        }
        out
    }
}

/// What the event starts, and why it does not start the rest.
pub(super) fn closing(listing: &Listing, style: Style) -> String {
    let (started, rest): (Vec<&WorkflowListing>, Vec<&WorkflowListing>) = listing
        .workflows
        .iter()
        .partition(|workflow| workflow.starts);
    let mut out = String::new();
    let mut say = |text: &str, indent: usize| {
        for line in wrap(&harmless(text), style.text_columns().saturating_sub(indent)) {
            let line = format!("{}{line}", " ".repeat(indent));
            out.push_str(&(style.paint(Paint::Plain, &line) + "\n"));
        }
    };
    let mut events: Vec<&str> = Vec::new();
    for workflow in &started {
        if !events.contains(&workflow.event.described.as_str()) {
            events.push(&workflow.event.described);
        }
    }
    for event in &events {
        let of_event = started
            .iter()
            .filter(|workflow| workflow.event.described == **event);
        let files: Vec<&str> = of_event.map(|workflow| workflow.file.as_str()).collect();
        let verb = if files.len() == 1 { "runs" } else { "run" };
        say(
            &format!("With the event {event}: {} {verb}.", files.join(", ")),
            0,
        );
    }
    if started.is_empty() {
        say(
            &format!("With the event {}: nothing runs.", listing.event),
            0,
        );
    }
    for workflow in rest {
        let reason = workflow.reason.as_deref().unwrap_or_default();
        say(&format!("{} does not: {reason}", workflow.file), 2);
    }
    out
}

/// Commands that show more, made of what is there.
fn advice(listing: &Listing, style: Style) -> String {
    let mut commands: Vec<(String, &str)> = Vec::new();
    let mut events = listing
        .workflows
        .iter()
        .flat_map(|workflow| &workflow.events);
    let tried = |event: &str| {
        listing
            .workflows
            .iter()
            .any(|workflow| workflow.event.name == event)
    };
    if let Some(event) = events.find(|event| !tried(event)) {
        commands.push((
            format!("towpath run --event {event} --list"),
            "another event",
        ));
    }
    if let Some(command) = one_copy(listing) {
        commands.push((command, "one copy"));
    }
    let longest = commands
        .iter()
        .map(|(command, _)| command.len())
        .max()
        .unwrap_or(0);
    commands
        .iter()
        .map(|(command, about)| {
            let room = style.text_columns() > longest + about.len() + 7;
            let about = if room {
                format!("{:1$}{about}", "", longest + 5 - command.len())
            } else {
                String::new()
            };
            format!("  {}{about}\n", style.paint(Paint::Hint, command))
        })
        .collect()
}

/// A command for one copy of the first job that has several here.
fn one_copy(listing: &Listing) -> Option<String> {
    let started = listing.workflows.iter().filter(|workflow| workflow.starts);
    started
        .flat_map(|workflow| workflow.jobs.iter().map(move |job| (workflow, job)))
        .find_map(|(workflow, job)| {
            let copies = job.copies.as_ref().filter(|copies| copies.len() > 1)?;
            let here = copies.iter().rev().find(|copy| copy.runs_here)?;
            let differs = |name: &str| {
                copies
                    .iter()
                    .any(|copy| copy.matrix.get(name) != here.matrix.get(name))
            };
            let values = here.matrix.iter().filter(|(name, value)| {
                let is_plain = !value.is_object() && !value.is_array();
                is_plain && differs(name) && !text(value).contains(' ')
            });
            // Which runner a copy asks for says least about it.
            let (name, value) =
                values.min_by_key(|(_, value)| here.runs_on.contains(&text(value)))?;
            Some(format!(
                "towpath run {}:{} --matrix {name}={}",
                workflow.file,
                job.id,
                text(value)
            ))
        })
}

fn filled(text: &str, column: usize) -> String {
    let blanks = column.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(blanks))
}

/// Returns a step's name with the commit of an action shortened, which no line could hold.
fn short(step: &str) -> String {
    let is_commit =
        |text: &str| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match step.split_once('@') {
        Some((action, commit)) if is_commit(commit) => format!("{action}@{}", &commit[..12]),
        _ => step.to_owned(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commit_of_an_action_is_shortened() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(short(&format!("o/a@{commit}")), "o/a@0123456789ab");
        assert_eq!(short("o/a@v1"), "o/a@v1");
        assert_eq!(short("Run mail a@b"), "Run mail a@b");
    }
}
