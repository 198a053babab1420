//! What calls to change resources are answered.

use std::error::Error;

use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};

use super::failure::{self, Asked};
use super::login::Connection;
use crate::diag::Code;
use crate::provision::{Action, Failure, Fault, Outcome};
use crate::quote::quote;

/// A call that was not carried out, or of which that is not known.
pub(super) struct Rejected {
    pub(super) failure: Failure,
    /// Whether it was one of too many, so that it can be made again.
    pub(super) is_throttled: bool,
}

pub(super) type Answered = Result<Outcome, Rejected>;

impl Rejected {
    pub(super) fn refused(answer: crate::resolve::NoAnswer) -> Self {
        Self { failure: Failure { fault: Fault::Refused, answer }, is_throttled: false }
    }

    /// What a failed call means.
    pub(super) fn of<E>(
        error: &SdkError<E>,
        service: &str,
        region: &str,
        connection: &Connection,
        action: &Action,
    ) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let permission = quote(&action.permission()).to_string();
        let answer = failure::of(error, &Asked { service, permission: &permission, region, login: &connection.login });
        let status = error.raw_response().map_or(0, |it| it.status().as_u16());
        let code = error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default();
        let is_throttled = status == 429 || code.starts_with("Throttling") || code == "TooManyRequestsException";
        let fault = match error {
            _ if is_throttled => Fault::Refused,
            SdkError::ServiceError(_) => match code {
                "ResourceNotFoundException" | "NoSuchEntity" | "ParameterNotFound" => Fault::NotThere,
                "EntityAlreadyExists" | "ParameterAlreadyExists" => Fault::Exists,
                "DeleteConflict" => Fault::InUse,
                // Whoever answers with a redirect or a page may have passed the call on.
                _ if !(400..500).contains(&status) => Fault::Unclear,
                _ => Fault::Refused,
            },
            SdkError::ConstructionFailure(_) => Fault::Refused,
            // Without credentials, nothing was sent.
            _ if answer.code == Code::NoAccess => Fault::Refused,
            _ => Fault::Unclear,
        };
        Self { failure: Failure { fault, answer }, is_throttled }
    }

    /// A response without what it must have.
    pub(super) fn unreadable(service: &str, region: &str, connection: &Connection, action: &Action) -> Self {
        let asked = Asked { service, permission: action.permission(), region, login: &connection.login };
        Self { failure: Failure { fault: Fault::Unclear, answer: failure::unreadable(&asked) }, is_throttled: false }
    }
}
