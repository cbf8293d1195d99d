//! Which job starts next: among those whose needs have ended, the one at the head of the longest
//! chain of recorded durations. Pure; knows no thread and no clock.

use crate::plan::PlannedJob;

/// Stands for the duration of a job that has never run, in milliseconds.
const UNKNOWN_MS: u64 = 1_000;

/// State of the jobs of a plan, by their index.
pub(crate) struct Schedule {
    needs: Vec<Vec<usize>>,
    priority: Vec<u64>,
    state: Vec<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Ended,
}

impl Schedule {
    /// Returns the schedule of `jobs`, whose durations are expected to be `estimates_ms` (0 unknown).
    pub(crate) fn new(jobs: &[PlannedJob], estimates_ms: &[u64]) -> Self {
        let needs: Vec<Vec<usize>> = jobs.iter().map(|job| job.needs.clone()).collect();
        let own = |index: usize| match estimates_ms.get(index) {
            Some(0) | None => UNKNOWN_MS,
            Some(known) => *known,
        };
        let mut priority: Vec<u64> = (0..jobs.len()).map(own).collect();
        // Needs always come before their dependents in a plan, so one pass from the end suffices.
        for index in (0..jobs.len()).rev() {
            for need in &needs[index] {
                priority[*need] = priority[*need].max(own(*need) + priority[index]);
            }
        }
        Self {
            state: vec![State::Waiting; jobs.len()],
            needs,
            priority,
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

    /// Returns the wall time still to be expected on `slots` slots, in milliseconds.
    pub(crate) fn estimate_ms(&self, slots: usize) -> u64 {
        let longest = self.priority.iter().copied().max().unwrap_or(0);
        let all: u64 = self
            .priority
            .iter()
            .enumerate()
            .map(|(index, priority)| {
                let behind = (0..self.needs.len())
                    .filter(|other| self.needs[*other].contains(&index))
                    .map(|other| self.priority[other])
                    .max()
                    .unwrap_or(0);
                priority.saturating_sub(behind)
            })
            .sum();
        longest.max(all / slots.max(1) as u64)
    }
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
        }
    }

    #[test]
    fn head_of_the_longest_chain_comes_first() {
        let jobs = [job(&[]), job(&[]), job(&[1])];
        let schedule = Schedule::new(&jobs, &[900, 500, 600]);
        assert_eq!(schedule.ready(), [1, 0]);
        assert_eq!(schedule.estimate_ms(2), 1_100);
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
