//! Which job starts next: among those whose needs have ended, the one at the head of the longest
//! chain of recorded durations. Pure; knows no thread and no clock.

use crate::plan::PlannedJob;

/// Stands for the duration of a job that has never run, in milliseconds.
const UNKNOWN_MS: u64 = 1_000;

/// State of the jobs of a plan, by their index.
pub(crate) struct Schedule {
    needs: Vec<Vec<usize>>,
    /// Expected duration of each job.
    own: Vec<u64>,
    /// Expected duration of the longest chain that starts with each job.
    priority: Vec<u64>,
    state: Vec<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    /// Its copies are known and have not all ended.
    Expanded,
    Ended,
}

impl Schedule {
    /// Returns the schedule of `jobs`, whose durations are expected to be `estimates_ms` (0 unknown).
    pub(crate) fn new(jobs: &[PlannedJob], estimates_ms: &[u64]) -> Self {
        let needs: Vec<Vec<usize>> = jobs.iter().map(|job| job.needs.clone()).collect();
        let expected = |index: usize| match estimates_ms.get(index) {
            Some(0) | None => UNKNOWN_MS,
            Some(known) => *known,
        };
        let own: Vec<u64> = (0..jobs.len()).map(expected).collect();
        Self {
            state: vec![State::Waiting; jobs.len()],
            priority: chains(&needs, &own),
            needs,
            own,
        }
    }

    /// Returns the jobs that could start now, the most urgent first; plan order where equal.
    pub(crate) fn ready(&self) -> Vec<usize> {
        let mut ready: Vec<usize> = (0..self.state.len())
            .filter(|index| self.state[*index] == State::Waiting)
            .filter(|index| {
                self.needs[*index]
                    .iter()
                    .all(|need| self.state[*need] == State::Ended)
            })
            .collect();
        ready.sort_by_key(|index| std::cmp::Reverse(self.priority[*index]));
        ready
    }

    /// Adds a job that needs nothing but what has ended, or others that were added.
    pub(crate) fn add(&mut self, needs: Vec<usize>, estimate_ms: u64) {
        let expected = if estimate_ms == 0 {
            UNKNOWN_MS
        } else {
            estimate_ms
        };
        self.needs.push(needs);
        self.own.push(expected);
        self.state.push(State::Waiting);
        self.priority = chains(&self.needs, &self.own);
    }

    /// Marks a job as one whose copies are known; it ends when they have.
    pub(crate) fn expand(&mut self, index: usize) {
        self.state[index] = State::Expanded;
        self.own[index] = 0;
    }

    /// Returns whether a job runs, or copies of it may.
    pub(crate) fn is_under_way(&self, index: usize) -> bool {
        matches!(self.state[index], State::Running | State::Expanded)
    }

    /// Returns whether a job has ended.
    pub(crate) fn has_ended(&self, index: usize) -> bool {
        self.state[index] == State::Ended
    }

    /// Returns whether a job has neither started nor ended.
    pub(crate) fn is_waiting(&self, index: usize) -> bool {
        self.state[index] == State::Waiting
    }

    /// Marks a job as started.
    pub(crate) fn start(&mut self, index: usize) {
        self.state[index] = State::Running;
    }

    /// Marks a job as ended.
    pub(crate) fn end(&mut self, index: usize) {
        self.state[index] = State::Ended;
    }

    /// Returns how many jobs run.
    pub(crate) fn running(&self) -> usize {
        self.state
            .iter()
            .filter(|state| **state == State::Running)
            .count()
    }

    /// Returns the jobs that have not started.
    pub(crate) fn waiting(&self) -> Vec<usize> {
        (0..self.state.len())
            .filter(|index| self.state[*index] == State::Waiting)
            .collect()
    }

    /// Returns the jobs that have not ended.
    pub(crate) fn unfinished(&self) -> Vec<usize> {
        (0..self.state.len())
            .filter(|index| matches!(self.state[*index], State::Waiting | State::Running))
            .collect()
    }

    /// Returns the wall time still to be expected on `slots` slots, in milliseconds, given how long
    /// each job has run.
    pub(crate) fn left_ms(&self, slots: usize, spent_ms: impl Fn(usize) -> u64) -> u64 {
        let left: Vec<u64> = (0..self.state.len())
            .map(|index| match self.state[index] {
                State::Waiting => self.own[index],
                State::Running => self.own[index].saturating_sub(spent_ms(index)),
                State::Expanded | State::Ended => 0,
            })
            .collect();
        let longest = chains(&self.needs, &left).into_iter().max().unwrap_or(0);
        longest.max(left.iter().sum::<u64>() / slots.max(1) as u64)
    }
}

/// Returns for each job the length of the longest chain that it starts.
fn chains(needs: &[Vec<usize>], own: &[u64]) -> Vec<u64> {
    let mut chains = own.to_vec();
    // Needs always come before their dependents in a plan, so one pass from the end suffices.
    for index in (0..own.len()).rev() {
        for need in &needs[index] {
            chains[*need] = chains[*need].max(own[*need] + chains[index]);
        }
    }
    chains
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(needs: &[usize]) -> PlannedJob {
        PlannedJob {
            name: String::new(),
            group: String::new(),
            project: String::new(),
            needs: needs.to_vec(),
            always: false,
            advisory: false,
            steps: Vec::new(),
            frame: 0,
            definition: 0,
            copy: None,
        }
    }

    #[test]
    fn head_of_the_longest_chain_comes_first() {
        let jobs = [job(&[]), job(&[]), job(&[1])];
        let schedule = Schedule::new(&jobs, &[900, 500, 600]);
        assert_eq!(schedule.ready(), [1, 0]);
        assert_eq!(schedule.left_ms(2, |_| 0), 1_100);
    }

    #[test]
    fn time_left_shrinks_as_jobs_run_and_end() {
        let jobs = [job(&[]), job(&[]), job(&[1])];
        let mut schedule = Schedule::new(&jobs, &[900, 500, 600]);
        schedule.start(0);
        schedule.start(1);
        assert_eq!(schedule.left_ms(2, |_| 400), 700);
        schedule.end(1);
        assert_eq!(schedule.left_ms(2, |_| 450), 600);
        schedule.start(2);
        schedule.end(2);
        assert_eq!(schedule.left_ms(2, |_| 2_000), 0);
    }

    #[test]
    fn job_waits_for_its_needs() {
        let jobs = [job(&[]), job(&[0])];
        let mut schedule = Schedule::new(&jobs, &[]);
        assert_eq!(schedule.ready(), [0]);
        schedule.start(0);
        assert_eq!(schedule.ready(), [0; 0]);
        schedule.end(0);
        assert_eq!(schedule.ready(), [1]);
    }

    #[test]
    fn unknown_jobs_keep_the_order_of_the_plan() {
        let jobs = [job(&[]), job(&[]), job(&[])];
        assert_eq!(Schedule::new(&jobs, &[]).ready(), [0, 1, 2]);
    }
}
