//! Results as JUnit XML.

use std::path::{Path, PathBuf};

use entitle::scenario::TestReport;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::super::output::CliError;
use super::{Outcome, shown};

/// Writes a suite for each file and a case for each of its steps.
pub(super) fn write(path: &Path, files: &[PathBuf], outcomes: &[Outcome]) -> Result<(), CliError> {
    let mut report = Report::new("entitle");
    report.add_test_suites(files.iter().zip(outcomes).map(|(file, outcome)| suite(file, outcome)));
    let xml = report.to_string().map_err(|error| CliError::in_source(path.display(), error))?;
    std::fs::write(path, xml).map_err(|error| CliError::in_source(path.display(), error))
}

fn suite(file: &Path, outcome: &Outcome) -> TestSuite {
    let mut suite = TestSuite::new(file.display().to_string());
    match outcome {
        Ok(outcome) => {
            suite.add_test_cases(cases(outcome));
        }
        Err(error) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(error.as_str());
            suite.add_test_case(TestCase::new("file", status));
        }
    }
    suite
}

/// The steps of a file: those after a change that failed are skipped.
fn cases(outcome: &TestReport) -> Vec<TestCase> {
    let license = outcome.failures().iter().find(|failure| failure.step.is_none());
    let last = outcome.failures().last().and_then(|failure| failure.step);
    let mut cases = Vec::new();
    if let Some(failure) = license {
        cases.push(TestCase::new("license", failed(&shown(failure))));
    }
    for number in 1..=outcome.steps() {
        let failure = outcome.failures().iter().find(|failure| failure.step == Some(number));
        let not_run = !outcome.is_complete() && last.is_none_or(|last| number > last);
        let status = match failure {
            Some(failure) => failed(&shown(failure)),
            None if not_run => TestCaseStatus::skipped(),
            None => TestCaseStatus::success(),
        };
        cases.push(TestCase::new(format!("step {number}"), status));
    }
    cases
}

fn failed(text: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(text.lines().next().unwrap_or_default());
    status.set_description(text);
    status
}
