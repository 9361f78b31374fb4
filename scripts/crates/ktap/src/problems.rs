// SPDX-License-Identifier: GPL-2.0

//! Problems that a kernel reports in its log.
//!
//! A report is recognised by its first line (the table [`SIGNS`], in the kernel's own words) and
//! shown with all of its lines. A stack trace that belongs to no known report is a problem too.
//!
//! Not flagged, because they are no defect of the kernel: crashes of user space, allocation
//! failures that are injected, and kmemleak's count after one scan (a second scan often takes it
//! back; the list that remains is for the caller to read).

use crate::message;

/// A problem reported by the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind of problem, in a few words.
    pub class: &'static str,
    /// The whole report, without timestamps.
    pub lines: Vec<String>,
    /// The number of its first line in the log, from 1.
    pub line: usize,
    /// How often it came.
    pub times: usize,
}

impl Problem {
    /// The line that says what happened.
    pub fn title(&self) -> &str {
        let telling = |line: &&String| SIGNS.iter().any(|sign| sign.matches(line) && !sign.vague);
        self.lines
            .iter()
            .take(Sign::DEPTH)
            .find(telling)
            .or_else(|| {
                self.lines
                    .iter()
                    .find(|l| !is_ruler(l) && !l.contains(CUT_HERE))
            })
            .map_or(self.class, |line| line.trim())
    }

    /// What two reports of the same problem have in common: the title without numbers.
    fn key(&self) -> String {
        let mut key = String::from(self.class);
        for word in self.title().split_whitespace() {
            let variable = word.starts_with("0x") || word.bytes().any(|b| b.is_ascii_digit());
            // File, line and function stay: they tell two warnings apart.
            if !variable || word.contains(".c:") || word.contains(".rs:") || word.contains('+') {
                key.push(' ');
                key.push_str(word);
            }
        }
        key
    }
}

enum At {
    Start,
    Anywhere,
}

struct Sign {
    class: &'static str,
    at: At,
    text: &'static str,
    /// More specific signs in the first lines of the same report name it better.
    vague: bool,
    /// The report is this line alone.
    single: bool,
}

impl Sign {
    /// How many lines of a report are searched for a better name.
    const DEPTH: usize = 6;

    fn matches(&self, message: &str) -> bool {
        match self.at {
            At::Start => message.starts_with(self.text),
            At::Anywhere => message.contains(self.text),
        }
    }
}

const fn start(class: &'static str, text: &'static str) -> Sign {
    Sign {
        class,
        at: At::Start,
        text,
        vague: false,
        single: false,
    }
}

const fn anywhere(class: &'static str, text: &'static str) -> Sign {
    Sign {
        class,
        at: At::Anywhere,
        text,
        vague: false,
        single: false,
    }
}

const fn vague(sign: Sign) -> Sign {
    Sign {
        vague: true,
        ..sign
    }
}

const fn single(sign: Sign) -> Sign {
    Sign {
        single: true,
        ..sign
    }
}

const CUT_HERE: &str = "------------[ cut here ]------------";

/// First lines of reports; the first that matches names the class.
const SIGNS: &[Sign] = &[
    anywhere("Rust panic", "rust_kernel: panicked at "),
    start("KASAN", "BUG: KASAN: "),
    start("KFENCE", "BUG: KFENCE: "),
    start("KMSAN", "BUG: KMSAN: "),
    start("KCSAN", "BUG: KCSAN: "),
    start("UBSAN", "UBSAN: "),
    start("UBSAN", "Internal error: UBSAN: "),
    start("lockdep", "WARNING: possible "),
    start("lockdep", "WARNING: inconsistent lock state"),
    start("lockdep", "WARNING: bad unlock balance detected!"),
    start("lockdep", "WARNING: bad contention detected!"),
    start("lockdep", "WARNING: held lock freed!"),
    start(
        "lockdep",
        "WARNING: lock held when returning to user space!",
    ),
    start("lockdep", "WARNING: Nested lock was not taken"),
    start("lockdep", "WARNING: HARDIRQ-"),
    start("lockdep", "WARNING: SOFTIRQ-"),
    start("lockdep", "WARNING: suspicious RCU usage"),
    start("lockdep", "[ BUG: "),
    start("lockdep", "INFO: trying to register non-static key"),
    start("lockdep", "BUG: Invalid wait context"),
    anywhere("lockdep", "[ BUG: Invalid wait context ]"),
    start("lockdep", "DEBUG_LOCKS_WARN_ON("),
    single(start("lockdep is off", "BUG: MAX_LOCKDEP_")),
    single(start("lockdep is off", "BUG: MAX_LOCK_DEPTH")),
    single(start("lockdep is off", "BUG: MAX_STACK_TRACE_ENTRIES")),
    single(start("lockdep is off", "INFO: lockdep is turned off.")),
    single(start(
        "lockdep is off",
        "Disabling lock debugging due to kernel taint",
    )),
    start(
        "sleeping in atomic context",
        "BUG: sleeping function called from invalid context",
    ),
    start(
        "sleeping in atomic context",
        "BUG: scheduling while atomic: ",
    ),
    start(
        "sleeping in atomic context",
        "BUG: scheduling in a non-blocking section",
    ),
    start(
        "sleeping in atomic context",
        "BUG: workqueue leaked atomic, lock or RCU",
    ),
    start("preemptible context", "BUG: using "),
    anywhere("soft lockup", "BUG: soft lockup - "),
    anywhere("hard lockup", "Watchdog detected hard LOCKUP"),
    anywhere("workqueue lockup", "BUG: workqueue lockup"),
    start("hung task", "INFO: task "),
    anywhere("RCU stall", "detected stalls on "),
    anywhere("RCU stall", "detected expedited stalls on "),
    anywhere("RCU stall", "self-detected stall on CPU"),
    anywhere("RCU stall", "kthread starved for "),
    start("spinlock", "BUG: spinlock "),
    start("rwlock", "BUG: rwlock "),
    start("bad page", "BUG: Bad page "),
    start("slab corruption", "BUG kmalloc-"),
    anywhere(
        "slab corruption",
        "Objects remaining on __kmem_cache_shutdown()",
    ),
    anywhere("slab corruption", "): Redzone overwritten"),
    anywhere("slab corruption", "): Poison overwritten"),
    anywhere("list corruption", "list_add corruption"),
    anywhere("list corruption", "list_del corruption"),
    start("reference count", "refcount_t: "),
    start("ODEBUG", "ODEBUG: "),
    start("null pointer", "BUG: kernel NULL pointer dereference"),
    start("page fault", "BUG: unable to handle page fault"),
    start("stack overflow", "BUG: TASK stack guard page was hit"),
    anywhere("kernel BUG", "kernel BUG at "),
    start("general protection fault", "Oops: general protection fault"),
    start("panic", "Kernel panic - not syncing: "),
    single(anywhere("log lost", "printk messages dropped")),
    single(anywhere("DMA-API is off", "dma-debug disabled")),
    single(anywhere("DMA-API is off", "debugging out of memory")),
    single(anywhere(
        "kmemleak is off",
        "kmemleak: Kernel memory leak detector disabled",
    )),
    single(anywhere("kmemleak is off", "kmemleak: Memory pool empty")),
    single(anywhere("ODEBUG is off", "ODEBUG disabled")),
    anywhere("unhandled interrupt", ": nobody cared (try booting with"),
    single(anywhere("unhandled interrupt", "No irq handler for vector")),
    single(anywhere("interrupt misuse", "genirq: Flags mismatch irq ")),
    anywhere("interrupt misuse", "Trying to free already-free IRQ"),
    anywhere("interrupt misuse", "huh, entered softirq"),
    single(anywhere("module", ": Unknown symbol ")),
    single(anywhere("module", ": disagrees about version of symbol ")),
    single(anywhere(
        "module",
        ": loading out-of-tree module taints kernel",
    )),
    single(anywhere("module", ": module verification failed")),
    start("sysfs", "sysfs: cannot create duplicate filename"),
    single(anywhere("kobject", "something is seriously wrong.")),
    single(anywhere(
        "kobject",
        "is not initialized, yet kobject_put() is being called",
    )),
    single(anywhere("DMA pool", "dma_pool_destroy")),
    single(anywhere("atomic commit", "flip_done timed out")),
    single(anywhere("atomic commit", "commit wait timed out")),
    start("DMA-API", "DMA-API: "),
    vague(start("oops", "Oops: ")),
    vague(start("bug", "BUG: ")),
    vague(start("bug", "BUG ")),
    vague(start("warning", "WARNING: ")),
    vague(start("warning", CUT_HERE)),
    vague(start("stack trace", "Call Trace:")),
];

/// Lines that start like a report and are none.
const HARMLESS: &[&str] = &[
    "DMA-API: preallocated ",
    "DMA-API: debugging enabled by kernel config",
    "DMA-API: debugging disabled on kernel command line",
    "DMA-API: dma_debug_entry pool grown to ",
];

/// A stack trace follows, and it was asked for.
const HARMLESS_TRACES: &[&str] = &["FAULT_INJECTION: forcing a failure", "sysrq: "];

/// Every problem in a kernel log, in order.
pub fn scan(log: &str) -> Vec<Problem> {
    let messages: Vec<&str> = log.lines().map(message).collect();
    let mut problems = Vec::new();
    let mut at = 0;
    while at < messages.len() {
        if HARMLESS_TRACES
            .iter()
            .any(|start| messages[at].starts_with(start))
        {
            // The trace is skipped, and nothing else.
            let end = end_of_report(&messages, at);
            let real = |at: &usize| sign(messages[*at]).is_some_and(|s| s.text != "Call Trace:");
            at = (at + 1..end).find(real).unwrap_or(end);
            continue;
        }
        let Some(sign) = sign(messages[at]) else {
            at += 1;
            continue;
        };
        let end = if sign.single {
            at + 1
        } else {
            end_of_report(&messages, at)
        };
        // The ruler above a report belongs to it.
        let start = match at.checked_sub(1) {
            Some(above) if !sign.single && is_ruler(messages[above]) => above,
            _ => at,
        };
        let mut first = messages[at..end].iter().take(Sign::DEPTH);
        let class = first
            .find_map(|line| self::sign(line).filter(|sign| !sign.vague))
            .unwrap_or(sign)
            .class;
        problems.push(Problem {
            class,
            lines: messages[start..end].iter().map(|l| l.to_string()).collect(),
            line: start + 1,
            times: 1,
        });
        at = end;
    }
    problems
}

/// Folds reports of the same problem into the first of them.
pub fn merge(problems: Vec<Problem>) -> Vec<Problem> {
    let mut merged: Vec<Problem> = Vec::new();
    for problem in problems {
        let key = problem.key();
        match merged.iter_mut().find(|known| known.key() == key) {
            Some(known) => known.times += problem.times,
            None => merged.push(problem),
        }
    }
    merged
}

fn sign(message: &str) -> Option<&'static Sign> {
    // "# …" is a diagnostic line of a test.
    if message.trim_start().starts_with('#') || HARMLESS.iter().any(|h| message.starts_with(h)) {
        return None;
    }
    SIGNS.iter().find(|sign| sign.matches(message))
}

fn is_ruler(message: &str) -> bool {
    message.len() > 20 && message.bytes().all(|b| b == b'=' || b == b'-')
}

/// Whether a report can't go on in this line.
fn is_unrelated(message: &str) -> bool {
    let text = message.trim_start();
    ["ok ", "not ok ", "KTAP version ", "series: "]
        .iter()
        .any(|s| text.starts_with(s))
}

/// Whether the report that starts with `first` is over, because it is repeated or the kernel gives
/// up.
fn starts_anew(first: &str, message: &str) -> bool {
    match (sign(first), sign(message)) {
        (Some(first), Some(this)) => first.text == this.text || this.class == "panic",
        _ => false,
    }
}

/// The index after the last line of the report that starts at `start`.
fn end_of_report(messages: &[&str], start: usize) -> usize {
    /// No report is longer, whatever its end looks like.
    const LONGEST: usize = 250;
    /// What follows a trace that has no end mark of its own, and still belongs to it.
    const AFTER_TRACE: usize = 14;
    /// Registers, locks and chains come before the trace.
    const LONGEST_HEAD: usize = 180;
    /// What is shown of a report that has no trace.
    const WITHOUT_TRACE: usize = 14;

    let limit = messages.len().min(start + LONGEST);
    let mut traced = false;
    let mut trace_end = None;
    for at in start + 1..limit {
        let message = messages[at];
        if is_unrelated(message) || starts_anew(messages[start], message) {
            return trace_end.unwrap_or(at);
        }
        if ["---[ end ", "Disabling IRQ #"]
            .iter()
            .any(|end| message.starts_with(end))
        {
            return at + 1;
        }
        if message.starts_with("====") && at > start + 1 {
            return match trace_end {
                // The ruler above the next report, not the one below this.
                Some(end)
                    if messages
                        .get(at + 1)
                        .is_some_and(|next| sign(next).is_some()) =>
                {
                    end
                }
                _ if !traced && at < start + 4 => continue,
                _ => at + 1,
            };
        }
        let starts_another = sign(message).is_some_and(|sign| sign.text != "Call Trace:");
        if traced && starts_another {
            return trace_end.unwrap_or(at);
        }
        if message.trim() == "Call Trace:" {
            traced = true;
        }
        if message.trim() == "</TASK>" || message.trim() == "</IRQ>" {
            trace_end = Some(at + 1);
        }
        match trace_end {
            Some(end) if at >= end + AFTER_TRACE => return end,
            None if !traced && at >= start + LONGEST_HEAD => break,
            _ => {}
        }
    }
    match trace_end {
        None if !traced => limit.min(start + WITHOUT_TRACE),
        end => end.unwrap_or(limit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(log: &str) -> Problem {
        let problems = scan(log);
        assert_eq!(problems.len(), 1, "{problems:#?}");
        problems.into_iter().next().unwrap()
    }

    /// A realistic trace.
    const TRACE: &str = "\
[    5.1] CPU: 1 UID: 0 PID: 77 Comm: modprobe Not tainted 6.18.15 #1 PREEMPT(voluntary)
[    5.1] Hardware name: QEMU Standard PC (Q35 + ICH9, 2009), BIOS 1.16.3-debian-1.16.3-2 04/01/2014
[    5.1] Call Trace:
[    5.1]  <TASK>
[    5.1]  dump_stack_lvl+0x5d/0x80
[    5.1]  probe+0x10/0x20 [rust_driver_edu]
[    5.1]  do_syscall_64+0x9e/0x1a0
[    5.1]  </TASK>
";

    #[test]
    fn a_quiet_boot_has_no_problems() {
        let log = "\
[    0.000000] Linux version 6.18.15 (debian@host) (Debian clang version 19.1.7)
[    0.000000] Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on
[    0.100000] DMA-API: preallocated 65536 debug entries
[    0.100000] DMA-API: debugging enabled by kernel config
[    0.200000] kmemleak: Kernel memory leak detector initialized (mem pool available: 15739)
[    0.200000] rcu: \tRCU lockdep checking is enabled.
[    0.300000] ODEBUG: selftest passed
[    0.400000]     # oops: BUG: in a diagnostic line
[    0.400000]     ok 1 WARNING: not really
[    0.500000] traps: prog[77] general protection fault ip:55 sp:7f error:0
[    0.600000] prog[78]: segfault at 0 ip 0 sp 0 error 14
[    0.700000] kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
";
        let log = log.replace("[    0.300000] ODEBUG: selftest passed\n", "");
        assert_eq!(scan(&log), []);
    }

    #[test]
    fn warn_on() {
        let log = format!(
            "[    5.0] edu: probing
[    5.0] ------------[ cut here ]------------
[    5.0] WARNING: CPU: 0 PID: 77 at drivers/x.c:12 probe+0x10/0x20 [x]
[    5.0] Modules linked in: x(+)
{TRACE}[    5.2] irq event stamp: 1
[    5.2] ---[ end trace 0000000000000000 ]---
[    5.3] unrelated
"
        );
        let problem = only(&log);
        assert_eq!((problem.class, problem.line), ("warning", 2));
        assert_eq!(
            problem.lines.last().unwrap(),
            "---[ end trace 0000000000000000 ]---"
        );
        assert_eq!(problem.lines.len(), 13);
    }

    #[test]
    fn a_warning_with_a_message_is_named_by_it() {
        for (message, class) in [
            ("refcount_t: underflow; use-after-free.", "reference count"),
            ("ODEBUG: free active (active state 0) object: 00 object type: timer_list hint: x", "ODEBUG"),
            ("DMA-API: edu 0000:00:04.0: device driver has pending DMA allocations while released from device [count=1]", "DMA-API"),
            ("list_del corruption. prev->next should be ffff, but was dead. (prev=ffff)", "list corruption"),
            ("DEBUG_LOCKS_WARN_ON(lock->magic != lock)", "lockdep"),
            ("Trying to free already-free IRQ 24", "interrupt misuse"),
        ] {
            let log = format!(
                "[    5.0] ------------[ cut here ]------------
[    5.0] {message}
[    5.0] WARNING: CPU: 0 PID: 77 at lib/x.c:28 x+0xb1/0x110
{TRACE}[    5.2] ---[ end trace 0000000000000000 ]---
"
            );
            let problem = only(&log);
            assert_eq!(problem.class, class);
            assert_eq!(problem.title(), message);
        }
    }

    #[test]
    fn oopses() {
        for (first, class) in [
            ("BUG: kernel NULL pointer dereference, address: 0000000000000008", "null pointer"),
            ("BUG: unable to handle page fault for address: ffffc90000400000", "page fault"),
            ("Oops: general protection fault, probably for non-canonical address 0xdffffc: 0000 [#1] SMP", "general protection fault"),
        ] {
            let log = format!(
                "[    5.0] {first}
[    5.0] #PF: supervisor read access in kernel mode
[    5.0] PGD 0 P4D 0
[    5.0] Oops: Oops: 0000 [#1] SMP NOPTI
{TRACE}[    5.1] Modules linked in:
[    5.2] ---[ end trace 0000000000000000 ]---
"
            );
            assert_eq!(only(&log).class, class);
        }
    }

    #[test]
    fn an_oops_and_the_panic_after_it_are_two() {
        let log = format!(
            "[    5.0] Oops: invalid opcode: 0000 [#1] SMP
{TRACE}[    5.2] ---[ end trace 0000000000000000 ]---
[    5.3] Kernel panic - not syncing: Fatal exception
[    5.3] Kernel Offset: disabled
"
        );
        let classes: Vec<_> = scan(&log).iter().map(|p| p.class).collect();
        assert_eq!(classes, ["oops", "panic"]);
    }

    #[test]
    fn kasan_and_kfence() {
        for (what, class) in [
            (
                "BUG: KASAN: slab-use-after-free in probe+0x10/0x20",
                "KASAN",
            ),
            (
                "BUG: KFENCE: use-after-free read in probe+0x10/0x20",
                "KFENCE",
            ),
        ] {
            let log = format!(
                "[    5.0] ==================================================================
[    5.0] {what}
[    5.0] Read of size 4 at addr ffff88800 by task modprobe/77
[    5.0]
{TRACE}[    5.1]
[    5.1] Allocated by task 77:
[    5.1]  kasan_save_stack+0x30/0x50
[    5.1]
[    5.1] Freed by task 77:
[    5.1]  kfree+0x131/0x3c0
[    5.1] Memory state around the buggy address:
[    5.1] >ffff888: fb fb fb fb fb fb fb fb fc fc fc fc fc fc fc fc
[    5.1]                                      ^
[    5.1] ==================================================================
[    5.2] next
"
            );
            let problem = only(&log);
            assert_eq!(problem.class, class);
            assert_eq!(problem.title(), what);
            assert_eq!(problem.line, 1);
            assert!(problem.lines.last().unwrap().starts_with("===="));
            assert!(problem.lines.iter().any(|l| l.starts_with("Freed by")));
        }
    }

    #[test]
    fn ubsan() {
        let log = format!(
            "[    5.0] ------------[ cut here ]------------
[    5.0] UBSAN: array-index-out-of-bounds in drivers/x.c:12:3
[    5.0] index 4 is out of range for type 'int [4]'
{TRACE}[    5.2] ---[ end trace ]---
"
        );
        assert_eq!(only(&log).class, "UBSAN");
    }

    #[test]
    fn lockdep_reports() {
        for what in [
            "WARNING: possible circular locking dependency detected",
            "WARNING: possible recursive locking detected",
            "WARNING: possible irq lock inversion dependency detected",
            "WARNING: inconsistent lock state",
            "WARNING: suspicious RCU usage",
            "WARNING: bad unlock balance detected!",
            "WARNING: held lock freed!",
            "WARNING: SOFTIRQ-safe -> SOFTIRQ-unsafe lock order detected",
            "WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected",
            "[ BUG: Invalid wait context ]",
        ] {
            let log = format!(
                "[    5.0]
[    5.0] ======================================================
[    5.0] {what}
[    5.0] 6.18.15 #1 Not tainted
[    5.0] ------------------------------------------------------
[    5.0] modprobe/77 is trying to acquire lock:
[    5.0] ffffffff82 (a){{+.+.}}-{{4:4}}, at: x+0x10/0x20
[    5.0]
[    5.0] the existing dependency chain (in reverse order) is:
[    5.0]
[    5.0] -> #1 (b){{+.+.}}-{{4:4}}:
[    5.0]        __mutex_lock+0xa9/0xd80
[    5.0]
[    5.0]  *** DEADLOCK ***
[    5.0]
[    5.0] 1 lock held by modprobe/77:
[    5.0]
[    5.0] stack backtrace:
{TRACE}[    5.2] next thing
[    5.2] after it
"
            );
            let problem = only(&log);
            assert_eq!(problem.class, "lockdep", "{what}");
            assert_eq!(problem.title(), what);
            assert_eq!(problem.lines.last().unwrap(), " </TASK>");
            assert_eq!(problem.line, 2);
        }
    }

    #[test]
    fn reports_that_end_with_a_trace() {
        for (what, class) in [
            (
                "BUG: sleeping function called from invalid context at kernel/locking/mutex.c:575",
                "sleeping in atomic context",
            ),
            (
                "BUG: scheduling while atomic: modprobe/77/0x00000002",
                "sleeping in atomic context",
            ),
            (
                "BUG: using smp_processor_id() in preemptible [00000000] code: modprobe/77",
                "preemptible context",
            ),
            (
                "INFO: task modprobe:77 blocked for more than 120 seconds.",
                "hung task",
            ),
            (
                "rcu: INFO: rcu_preempt self-detected stall on CPU",
                "RCU stall",
            ),
            (
                "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
                "RCU stall",
            ),
            (
                "watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [modprobe:77]",
                "soft lockup",
            ),
            (
                "irq 11: nobody cared (try booting with the \"irqpoll\" option)",
                "unhandled interrupt",
            ),
            (
                "sysfs: cannot create duplicate filename '/devices/x'",
                "sysfs",
            ),
            ("INFO: trying to register non-static key.", "lockdep"),
            ("BUG: spinlock bad magic on CPU#0, modprobe/77", "spinlock"),
            (
                "BUG: Bad page state in process modprobe  pfn:01234",
                "bad page",
            ),
            (
                "BUG kmalloc-64 (Not tainted): Redzone overwritten",
                "slab corruption",
            ),
            ("BUG: brand new kind of bug", "bug"),
        ] {
            let problem = only(&format!("[    5.0] {what}\n{TRACE}[    5.2] next\n"));
            assert_eq!(problem.class, class, "{what}");
            assert_eq!(problem.lines.last().unwrap(), " </TASK>");
            assert_eq!(problem.title(), what);
        }
    }

    #[test]
    fn single_lines() {
        for (what, class) in [
            ("x: Unknown symbol pci_foo (err -2)", "module"),
            ("x: loading out-of-tree module taints kernel.", "module"),
            (
                "Disabling lock debugging due to kernel taint",
                "lockdep is off",
            ),
            ("BUG: MAX_LOCKDEP_CHAINS too low!", "lockdep is off"),
            (
                "DMA-API: cacheline tracking ENOMEM, dma-debug disabled",
                "DMA-API is off",
            ),
            (
                "kmemleak: Kernel memory leak detector disabled",
                "kmemleak is off",
            ),
            (
                "__common_interrupt: 0.33 No irq handler for vector",
                "unhandled interrupt",
            ),
            (
                "genirq: Flags mismatch irq 24. 00000000 (x) vs. 00000080 (y)",
                "interrupt misuse",
            ),
            (
                "bochs 0000:00:02.0: [drm] *ERROR* flip_done timed out",
                "atomic commit",
            ),
        ] {
            let problem = only(&format!("[    5.0] {what}\n[    5.0] fine\n"));
            assert_eq!(problem.class, class);
            assert_eq!(problem.lines, [what]);
        }
    }

    #[test]
    fn rust_panic() {
        let log = format!(
            "[    5.0] rust_kernel: panicked at samples/rust/rust_driver_edu.rs:12:5:
[    5.0] attempt to add with overflow
[    5.0] ------------[ cut here ]------------
[    5.0] kernel BUG at rust/helpers/bug.c:7!
[    5.0] Oops: invalid opcode: 0000 [#1] SMP
{TRACE}[    5.2] ---[ end trace 0000000000000000 ]---
"
        );
        let problem = only(&log);
        assert_eq!(problem.class, "Rust panic");
        assert!(problem.title().starts_with("rust_kernel: panicked"));
    }

    #[test]
    fn a_trace_of_unknown_origin_is_a_problem_and_an_injected_failure_is_not() {
        assert_eq!(only(TRACE).class, "stack trace");
        let injected = format!(
            "[    5.0] FAULT_INJECTION: forcing a failure.
[    5.0] name failslab, interval 1, probability 0, space 0, times 1
{TRACE}"
        );
        assert_eq!(scan(&injected), []);
        let then_a_bug = format!("{injected}[    5.3] BUG: sleeping function called from invalid context at x.c:1\n{TRACE}");
        assert_eq!(only(&then_a_bug).class, "sleeping in atomic context");
    }

    #[test]
    fn a_panic_that_was_asked_for_is_a_panic() {
        let log = "[    5.0] sysrq: Trigger a crash\n[    5.0] Kernel panic - not syncing: sysrq triggered crash\n";
        assert_eq!(only(log).class, "panic");
    }

    #[test]
    fn the_mark_of_a_test_ends_a_report() {
        let log = "[    5.0] irq 11: nobody cared (try booting with the \"irqpoll\" option)\n[    5.1] series: end edu\n[    5.2] x\n";
        assert_eq!(only(log).lines.len(), 1);
    }

    #[test]
    fn the_same_problem_is_counted_once() {
        let one = |cpu: u32, place: &str| {
            format!(
                "[    5.0] ------------[ cut here ]------------
[    5.0] WARNING: CPU: {cpu} PID: 7{cpu} at {place} probe+0x10/0x20
{TRACE}[    5.2] ---[ end trace 0000000000000000 ]---
"
            )
        };
        let log = [one(0, "a.c:12"), one(1, "a.c:12"), one(0, "b.c:7")].concat();
        let problems = scan(&log);
        assert_eq!(problems.len(), 3);
        let merged = merge(problems);
        assert_eq!(merged.iter().map(|p| p.times).collect::<Vec<_>>(), [2, 1]);
    }
}
