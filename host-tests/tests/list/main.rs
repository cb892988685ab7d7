//! The one list of tests: every case runs on every host, against the compiled artefacts. `cargo xtask build` makes them.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_macros,
    missing_docs,
    reason = "tests fail by panicking; the functions' names say what they check"
)]

mod alerts;
mod byte_equal;
mod cycles;
mod described;
mod fastly_cli;
mod kept_answers;
mod kept_values;
mod reads;
mod repair;
mod rounds;
mod site;
mod spin_stores;
mod tenants;

use host_tests::arms::Host;

macro_rules! list {
    ($($module:ident { $($case:ident),* $(,)? })*) => {
        list!(@host component Component $($module { $($case),* })*);
        list!(@host spin Spin $($module { $($case),* })*);
        list!(@host spin_sqlite SpinSqlite $($module { $($case),* })*);
        list!(@host fastly Fastly $($module { $($case),* })*);
    };
    (@host $name:ident $host:ident $($module:ident { $($case:ident),* $(,)? })*) => {
        mod $name {
            $(
                mod $module {
                    $(
                        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                        async fn $case() -> anyhow::Result<()> {
                            if !crate::Host::$host.is_here() {
                                return Ok(());
                            }
                            crate::$module::$case(crate::Host::$host).await
                        }
                    )*
                }
            )*
        }
    };
}

list! {
    cycles {
        a_first_cycle_publishes,
        an_unchanged_cycle_writes_nothing,
        one_changed_item_costs_one_write,
        of_refreshes_at_once_one_publishes,
        a_failing_source_keeps_its_items,
        redirects_and_codings_are_followed,
        a_secret_header_reaches_its_source_only,
        a_variable_replaces_the_configuration,
    }
    alerts {
        a_short_budget_is_told_once,
    }
    rounds {
        a_long_cycle_goes_on_until_nothing_is_left,
        points_and_comments_are_served,
    }
    reads {
        an_empty_site_answers,
        cursors_visit_every_item_once,
        filters_by_category_source_and_view,
        an_item_is_found_by_its_id,
        head_and_etag_save_the_body,
        the_export_is_streamed_and_resumed,
        problems_are_described,
        admin_routes_need_a_token,
    }
    repair {
        what_a_store_has_lost_is_made_again,
        a_damaged_head_is_restored,
    }
    tenants {
        each_host_has_its_own_site,
    }
}

// What depends on the store behind Spin's interface, and nothing else.
list! {
    @host spin_redis SpinRedis
    cycles {
        a_first_cycle_publishes,
        an_unchanged_cycle_writes_nothing,
        one_changed_item_costs_one_write,
        of_refreshes_at_once_one_publishes,
    }
    alerts {
        a_short_budget_is_told_once,
    }
    reads {
        the_export_is_streamed_and_resumed,
    }
    tenants {
        each_host_has_its_own_site,
    }
}

/// Not in the list: it compares the hosts with one another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_hosts_answer_byte_for_byte_alike() -> anyhow::Result<()> {
    byte_equal::all_hosts_answer_alike().await
}

/// Not in the list: the answers of all hosts are alike, so one is enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_as_openapi_describes_them() -> anyhow::Result<()> {
    described::answers_are_as_described().await
}

/// Not in the list: it is the same call for all hosts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scheduler_goes_on_until_nothing_is_left() -> anyhow::Result<()> {
    rounds::a_scheduler_goes_on_until_nothing_is_left().await
}

/// Not in the list: only of this host's store can one value after the other be taken away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_component_makes_any_segment_again() -> anyhow::Result<()> {
    repair::the_component_makes_any_segment_again().await
}

/// Not in the list: only this host keeps answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_host_keeps_is_what_the_component_would_answer() -> anyhow::Result<()> {
    kept_answers::what_is_kept_is_what_would_be_answered().await
}

/// Not in the list: the component keeps values too, and asks for each by its version.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spin_reads_sealed_values_once() -> anyhow::Result<()> {
    kept_values::sealed_values_are_read_once().await
}

/// Not in the list: only Spin has a choice of stores.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spin_says_what_is_wrong_with_the_choice_of_a_store() -> anyhow::Result<()> {
    spin_stores::what_is_wrong_is_said().await
}

/// Not in the list: as above.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spin_needs_the_grant_of_the_chosen_store_alone() -> anyhow::Result<()> {
    spin_stores::each_store_needs_its_own_grant_alone().await
}

/// Not in the list: the fault is one of SQLite behind Spin's interface.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spin_finds_a_publish_whose_answer_sqlite_lost() -> anyhow::Result<()> {
    spin_stores::a_lost_answer_is_looked_up().await
}
