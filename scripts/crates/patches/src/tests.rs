// SPDX-License-Identifier: GPL-2.0

mod applying;
mod checking;
mod checkout;
mod export;
mod round_trip;
mod user_tree;
mod world;
