//! The service of artifacts, in Twirp's JSON.

use serde_json::json;

use super::Shared;
use super::blobs::Target;
use super::request::{Answer, Asked, Question};
use crate::artifacts::{Artifact, Error};

pub(super) fn answer(shared: &Shared, asked: &mut Asked<'_>, method: &str) -> Answer {
    let question = match asked.json() {
        Ok(question) => question,
        Err(answer) => return answer,
    };
    let answered = match method {
        "CreateArtifact" => create(shared, &question),
        "FinalizeArtifact" => finalize(shared, &question),
        "ListArtifacts" => list(shared, &question),
        "GetSignedArtifactURL" => signed_url(shared, &question),
        "DeleteArtifact" => delete(shared, &question),
        _ => return Answer::error(404, "towpath has no such method"),
    };
    answered.unwrap_or_else(|error| match &error {
        Error::Exists { .. } => Answer::error(409, &error.to_string()),
        Error::Name { .. } => Answer::error(400, &error.to_string()),
        Error::Io { .. } => Answer::error(500, &error.to_string()),
    })
}

fn create(shared: &Shared, question: &Question) -> Result<Answer, Error> {
    let name = question.text("name").to_owned();
    let pending = shared.artifacts.start(&name, true)?;
    let number = shared.blobs.open(Target::Artifact { name, pending });
    let url = shared.blob_url(&number.to_string());
    Ok(Answer::ok(json!({"ok": true, "signed_upload_url": url})))
}

fn finalize(shared: &Shared, question: &Question) -> Result<Answer, Error> {
    let wanted = question.text("name");
    let target = shared
        .blobs
        .close(|_, target| matches!(target, Target::Artifact { name, .. } if name == wanted));
    let Some(Target::Artifact { pending, .. }) = target else {
        return Ok(Answer::error(404, "the artifact was not begun"));
    };
    let artifact = shared.artifacts.finish(pending)?;
    let hash = question.text("hash");
    if !hash.is_empty() && hash != format!("sha256:{}", artifact.digest) {
        shared.artifacts.remove(&artifact.name)?;
        return Ok(Answer::error(
            400,
            "the bytes that arrived are not those that were sent",
        ));
    }
    let id = artifact.id.to_string();
    Ok(Answer::ok(json!({"ok": true, "artifact_id": id})))
}

fn list(shared: &Shared, question: &Question) -> Result<Answer, Error> {
    let (name, id) = (question.text("name_filter"), question.text("id_filter"));
    let fits = |artifact: &Artifact| {
        (name.is_empty() || artifact.name == name)
            && (id.is_empty() || artifact.id.to_string() == id)
    };
    let all = shared.artifacts.list()?;
    let artifacts: Vec<_> = all
        .iter()
        .filter(|artifact| fits(artifact))
        .map(|artifact| {
            json!({
                "workflow_run_backend_id": "run",
                "workflow_job_run_backend_id": "job",
                "database_id": artifact.id.to_string(),
                "name": artifact.name,
                "size": artifact.size.to_string(),
                "created_at": towpath_host::clock::timestamp(artifact.created),
                "digest": format!("sha256:{}", artifact.digest),
            })
        })
        .collect();
    Ok(Answer::ok(json!({"artifacts": artifacts})))
}

fn signed_url(shared: &Shared, question: &Question) -> Result<Answer, Error> {
    let Some(artifact) = shared.artifacts.find(question.text("name"))? else {
        return Ok(Answer::error(404, "this run has no such artifact"));
    };
    let url = shared.blob_url(&format!("artifact-{}", artifact.id));
    Ok(Answer::ok(
        json!({"name": artifact.name, "signed_url": url}),
    ))
}

fn delete(shared: &Shared, question: &Question) -> Result<Answer, Error> {
    let name = question.text("name");
    let Some(artifact) = shared.artifacts.find(name)? else {
        return Ok(Answer::error(404, "this run has no such artifact"));
    };
    shared.artifacts.remove(name)?;
    let id = artifact.id.to_string();
    Ok(Answer::ok(json!({"ok": true, "artifact_id": id})))
}
