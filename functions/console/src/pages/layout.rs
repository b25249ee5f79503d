//! The frame that all pages share.

use http::StatusCode;
use maud::{DOCTYPE, Markup, html};

use super::{
    HASH, Page, assets,
    parts::{Icon, csrf, icon},
    visit::Visit,
    words as w,
};
use crate::problem::Problem;

/// Where in the console a page stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nav {
    Inbox,
    Tasks,
    Notifications,
    Reports,
    Bots,
    Inboxes,
    Staff,
    Teams,
    Keys,
    Account,
    Quarantine,
    Audit,
    Me,
    Nowhere,
}

/// A link of the navigation.
struct Link(Nav, &'static str, &'static str, Icon);

const EVERYBODY: [Link; 4] = [
    Link(Nav::Inbox, "/console/inbox", w::INBOX, Icon::Inbox),
    Link(Nav::Tasks, "/console/tasks", w::TASKS, Icon::Check),
    Link(Nav::Notifications, "/console/notifications", w::NOTIFICATIONS, Icon::Bell),
    Link(Nav::Reports, "/console/reports", w::REPORTS, Icon::Chart),
];
const AGENTS: [Link; 2] = [
    Link(Nav::Bots, "/console/bots", w::BOTS, Icon::Bot),
    Link(Nav::Inboxes, "/console/inboxes", w::INBOXES, Icon::Channel),
];
const SETTINGS: [Link; 6] = [
    Link(Nav::Staff, "/console/staff", w::MY_STAFF, Icon::People),
    Link(Nav::Teams, "/console/teams", w::TEAMS, Icon::Team),
    Link(Nav::Keys, "/console/keys", w::API_KEYS, Icon::Key),
    Link(Nav::Account, "/console/account", w::ACCOUNT, Icon::Gear),
    Link(Nav::Quarantine, "/console/quarantine", w::QUARANTINE, Icon::Shield),
    Link(Nav::Audit, "/console/audit", w::AUDIT, Icon::List),
];

fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="robots" content="noindex";
            title { (title) " · " (w::PRODUCT) }
            link rel="stylesheet" href=(assets::style());
            script src=(assets::script()) defer {}
        }
    }
}

fn links(links: &[Link], here: Nav) -> Markup {
    html! {
        @for Link(nav, href, label, sign) in links {
            li {
                a href=(href) aria-current=[(*nav == here).then_some("page")] { (icon(*sign)) span { (label) } }
            }
        }
    }
}

/// A page as it is sent.
pub(super) fn document(visit: &Visit<'_>, page: &Page) -> String {
    let admin = visit.is_admin();
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            (head(&page.title))
            body data-live=[page.live.then_some(HASH)] data-at=[page.at.as_deref()] {
                a.skip href="#main" { (w::SKIP) }
                div.frame {
                    header.side {
                        div.brand {
                            span.mark aria-hidden="true" { (icon(Icon::Hand)) }
                            span.brand-text { b { (w::PRODUCT) } small { (visit.account.name) } }
                        }
                        input.menu-switch #menu type="checkbox" aria-label=(w::MENU);
                        label.menu-button for="menu" aria-hidden="true" { (icon(Icon::Menu)) }
                        nav.menu aria-label=(w::NAVIGATION) {
                            ul { (links(&EVERYBODY, page.nav)) }
                            @if admin {
                                h2 { (w::AGENTS) }
                                ul { (links(&AGENTS, page.nav)) }
                                h2 { (w::SETTINGS) }
                                ul { (links(&SETTINGS, page.nav)) }
                            }
                            div.who {
                                a href="/console/me" aria-current=[(page.nav == Nav::Me).then_some("page")] {
                                    (icon(Icon::Person)) span { (visit.staff.name) }
                                }
                                form method="post" action="/console/sign-out" {
                                    (csrf(&visit.csrf))
                                    button.plain type="submit" { (w::SIGN_OUT) }
                                }
                            }
                        }
                    }
                    main #main tabindex="-1" {
                        @if !visit.account.labs.human_handover {
                            p.notice.warn role="status" {
                                (icon(Icon::Warning))
                                span {
                                    (w::LABS_OFF)
                                    @if admin { " " a href="/console/account" { (w::LABS_HOW) } }
                                }
                            }
                        }
                        @if let Some(done) = visit.done().and_then(w::done) {
                            p.notice.good.done role="status" { (icon(Icon::Check)) span { (done) } }
                        }
                        @if page.live {
                            div #live role="status" data-stale=(w::PAGE_STALE) data-out=(w::PAGE_OUT)
                                data-kept=(w::DRAFT_KEPT) data-draft=(w::DRAFT) {}
                        }
                        (page.body)
                    }
                }
            }
        }
    };
    markup.into_string()
}

/// A page for whoever has not signed in.
pub(super) fn outside(title: &str, body: &Markup) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            (head(title))
            body.outside {
                main #main {
                    div.card.door {
                        div.brand {
                            span.mark aria-hidden="true" { (icon(Icon::Hand)) }
                            span.brand-text { b { (w::PRODUCT) } }
                        }
                        (body)
                    }
                }
            }
        }
    };
    markup.into_string()
}

/// What is wrong, for whoever has not signed in.
pub(super) fn apart(problem: &Problem) -> (StatusCode, String) {
    let (title, advice) = w::refusal(problem);
    let body =
        html! { h1 { (title) } p { (sentence(&advice)) } p { a href="/console/inbox" { (w::TO_INBOX) } } };
    (problem.status, outside(&title, &body))
}

/// What is wrong, as a page of its own.
pub(super) fn problem(problem: &Problem) -> Page {
    let (title, advice) = w::refusal(problem);
    // Nothing was typed that could be lost or saved.
    let changed = problem.code == "changed";
    let advice = if changed { w::CHANGED_APART.to_owned() } else { advice };
    let body = html! {
        div.empty {
            (icon(Icon::Warning))
            h1 { (title) }
            p { (sentence(&advice)) }
            @for error in &problem.errors { p { b { (w::field(&error.field)) } " " (w::wrong(&error.message)) } }
            p { @if changed { a.button href="" { (w::SEE_NOW) } } @else { a.button href="/console/inbox" { (w::TO_INBOX) } } }
        }
    };
    Page::new(Nav::Nowhere, title, body).status(problem.status)
}

/// A detail as a sentence.
pub(super) fn sentence(detail: &str) -> String {
    let mut chars = detail.chars();
    let Some(first) = chars.next() else { return String::new() };
    let end = if detail.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{}{}{end}", first.to_uppercase(), chars.as_str())
}
