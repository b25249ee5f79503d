//! Bugs that a test build can switch on, one at a time, to see whether the simulator finds them.
//!
//! Each is a line that somebody could have written. Without the feature `planted` - in every build that is
//! shipped - none is ever on, and the compiler removes the question.

/// A bug: what the code does instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Bug {
    /// A bot's text leaves in a later epoch than its own.
    FenceIgnoresEpoch = 1,
    /// A bot's text leaves while humans have control.
    FenceIgnoresControl,
    /// A closing message leaves after a human has written.
    ClosingAfterHuman,
    /// A text leaves to a client who wants none.
    OptOutIgnored,
    /// A text leaves long after it was decided.
    ExpiryIgnored,
    /// A fence that was read long ago counts.
    FenceReadOnce,
    /// A change of control begins no epoch.
    EpochNotRaised,
    /// The end of a handover does not reach its record.
    EndNotRecorded,
    /// A missed promise does not reach its handover.
    MissNotRecorded,
    /// A bot's answer counts in whatever epoch it comes.
    StaleOutcomeSpoken,
    /// A hand-back leaves the task open.
    TaskStaysOpen,
    /// The assignment ends with the pause.
    AssignmentEndsWithPause,
    /// Whoever claims last has it.
    LastClaimWins,
    /// Our own text, seen on the webhook, counts as a human's.
    OwnEchoTakesControl,
    /// Nobody is told of a conversation that waits for somebody to claim it.
    WaitingNotTold,
    /// A timer is set for the next five minutes instead of the last minute.
    TimerRoundedUp,
    /// A timer that Scheduler does not take is forgotten.
    ArmForgotten,
    /// A timer that comes early is forgotten.
    EarlyTimerForgotten,
    /// Two timers of an epoch have the same name.
    TimersShareAName,
    /// The sweep does not go on to its next page: where the bot has control, for one.
    SweepStopsHalfway,
    /// When something falls due is not in the index.
    WakeNotIndexed,
    /// An event that was processed is processed again.
    MarkerUnconditional,
    /// Whoever writes last wins.
    VersionUnconditional,
    /// Effects are published before the commit.
    PublishedBeforeCommit,
    /// What was committed by a process that died is not published again.
    NotPublishedAgain,
    /// A commit that met another one counts as done.
    MovedCountsAsDone,
    /// Word to staff that the queue did not take is dropped.
    NoticesDropped,
    /// A record that failed is acknowledged.
    FailureAcknowledged,
    /// What fails a few times goes to quarantine.
    QuarantinedTooSoon,
    /// A text is claimed though somebody else has claimed it.
    ClaimUnconditional,
    /// A text whose claim was left behind is sent again.
    LeftBehindSentAgain,
    /// A text whose provider did not answer is sent again.
    AmbiguousSentAgain,
    /// A webhook is answered with 2xx though the queue did not take its events.
    TakenBeforeDurable,
    /// A wrong signature is as good as a right one.
    SignatureIgnored,
    /// A client's weaker identities are not looked at.
    WeakIdentitiesIgnored,
    /// E-mails quote the client whatever the account wants.
    EmailsQuote,
    /// The closing message is taken from the first revision.
    ClosingOfAnotherRevision,
    /// A command is committed without a durable message behind it.
    CommandNotQueued,
    /// The bot is asked whoever has control.
    AskedInVain,
    /// Humans in one conversation of a contact do not silence the bot in the others.
    HoldersIgnored,
    /// A contact's other conversations are not told what has changed for them.
    NudgesDropped,
    /// That an overdue task was told of is not noted.
    OverdueNotNoted,
    /// A staff member is told again what they were told before.
    ToldAgain,
    /// An automation is told again what it was told before.
    AnnouncedAgain,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 44] = [
        Self::FenceIgnoresEpoch,
        Self::FenceIgnoresControl,
        Self::ClosingAfterHuman,
        Self::OptOutIgnored,
        Self::ExpiryIgnored,
        Self::FenceReadOnce,
        Self::EpochNotRaised,
        Self::EndNotRecorded,
        Self::MissNotRecorded,
        Self::StaleOutcomeSpoken,
        Self::TaskStaysOpen,
        Self::AssignmentEndsWithPause,
        Self::LastClaimWins,
        Self::OwnEchoTakesControl,
        Self::WaitingNotTold,
        Self::TimerRoundedUp,
        Self::ArmForgotten,
        Self::EarlyTimerForgotten,
        Self::TimersShareAName,
        Self::SweepStopsHalfway,
        Self::WakeNotIndexed,
        Self::MarkerUnconditional,
        Self::VersionUnconditional,
        Self::PublishedBeforeCommit,
        Self::NotPublishedAgain,
        Self::MovedCountsAsDone,
        Self::NoticesDropped,
        Self::FailureAcknowledged,
        Self::QuarantinedTooSoon,
        Self::ClaimUnconditional,
        Self::LeftBehindSentAgain,
        Self::AmbiguousSentAgain,
        Self::TakenBeforeDurable,
        Self::SignatureIgnored,
        Self::WeakIdentitiesIgnored,
        Self::EmailsQuote,
        Self::ClosingOfAnotherRevision,
        Self::CommandNotQueued,
        Self::AskedInVain,
        Self::HoldersIgnored,
        Self::NudgesDropped,
        Self::OverdueNotNoted,
        Self::ToldAgain,
        Self::AnnouncedAgain,
    ];
}

#[cfg(feature = "planted")]
static PLANTED: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);

/// Switches a bug on in this whole process, and every other one off.
#[cfg(feature = "planted")]
pub fn plant(bug: Option<Bug>) {
    PLANTED.store(bug.map_or(0, |bug| bug as u8), std::sync::atomic::Ordering::SeqCst);
}

/// Whether a bug is on.
#[cfg(feature = "planted")]
pub fn planted(bug: Bug) -> bool {
    PLANTED.load(std::sync::atomic::Ordering::SeqCst) == bug as u8
}

/// Whether a bug is on: never.
#[cfg(not(feature = "planted"))]
#[inline]
pub const fn planted(_: Bug) -> bool {
    false
}
