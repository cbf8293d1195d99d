//! Keeps secrets out of what is told of a job beside its log: problems and notes quote names, values and
//! messages of all kinds.

use towpath_report::{Finding, Problem};

use super::RunningJob;
use super::sink::Sink;

impl RunningJob<'_> {
    /// Masks all that goes into the record of the job.
    pub(super) fn mask_record(&mut self) {
        let sink = &self.sink;
        let steps = self.records.iter_mut();
        let texts = steps.flat_map(|step| [&mut step.name, &mut step.reason]);
        let commands = self.commands.iter_mut().flatten();
        for text in texts.chain(commands).chain(&mut self.notes) {
            mask(sink, text);
        }
        for problem in &mut self.problems {
            mask_problem(sink, problem);
        }
        let checked = &mut self.checked.findings;
        for finding in self.findings.iter_mut().chain(checked) {
            mask_finding(sink, finding);
        }
    }
}

fn mask_problem(sink: &Sink<'_>, problem: &mut Problem) {
    let excerpt = problem.excerpt.iter_mut();
    let lines = excerpt.flat_map(|excerpt| &mut excerpt.lines);
    let words = [&mut problem.message, &mut problem.label].into_iter();
    for text in words.chain(&mut problem.hints).chain(lines) {
        mask(sink, text);
    }
}

fn mask_finding(sink: &Sink<'_>, finding: &mut Finding) {
    mask(sink, &mut finding.message);
    if let Some(place) = &mut finding.place {
        mask(sink, &mut place.path);
    }
}

fn mask(sink: &Sink<'_>, text: &mut String) {
    *text = sink.masked(text);
}
