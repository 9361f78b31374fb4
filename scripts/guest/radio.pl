# SPDX-License-Identifier: GPL-2.0
# What no program of Debian does with radios, by generic netlink and /proc/self/fail-nth.
#
# radio.pl new                     makes a radio of mac80211_hwsim, and prints its number
# radio.pl del NUMBER              removes it
# radio.pl send ADDRESS TOS[,TOS...] NUMBER [SIZE [time]]   sends so many UDP packets of each, and says
#                                          how many ns each took
# radio.pl time INTERFACE NUMBER FROM TO   sends data frames from an access point by this monitor, and
#                                          says how many ns each took
# radio.pl deauth INTERFACE FROM TO   sends a deauthentication that is not protected by this monitor
# radio.pl rates INTERFACE RATE...    sends a data frame at each rate by this monitor: Mbit/s, `mcs7`,
#                                     `mcs15/40/sgi`, or `vht9x2/80/sgi` with MCS and streams
# radio.pl radiotap FILE...           prints the radiotap headers of captured frames, each once:
#                                     of those frames, of beacons, and of data at a rate of HT
# radio.pl fail WHAT STEP ARGUMENT...       does it with the first allocation failing, then with one of
#     the next STEP, then with the one STEP further, and so on until none fails any more; WHAT is one of
#     radio DRIVER                 makes a radio, and removes it
#     interface PHY                makes an interface, brings it up, and removes it
#     connect INTERFACE SSID FREQ  joins a network
#     associate INTERFACE SSID FREQ   the same, but what fails is what workers of the kernel do, that
#                                  is authentication and association, up to the 100th allocation
#     transmit ADDRESS INTERFACE   sends a packet to it, and a frame by the monitor INTERFACE
use strict;
use warnings;
use Socket;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

use constant {
	AF_NETLINK => 16,
	NETLINK_GENERIC => 16,
	# nl80211.h
	CMD_NEW_INTERFACE => 7,
	CMD_DEL_INTERFACE => 8,
	CMD_CONNECT => 46,
	CMD_DISCONNECT => 48,
	ATTR_WIPHY => 1,
	ATTR_IFINDEX => 3,
	ATTR_IFNAME => 4,
	ATTR_IFTYPE => 5,
	ATTR_WIPHY_FREQ => 38,
	ATTR_SSID => 52,
	ATTR_AUTH_TYPE => 53,
	IFTYPE_STATION => 2,
	# mac80211_hwsim.h
	HWSIM_CMD_NEW_RADIO => 4,
	HWSIM_CMD_DEL_RADIO => 5,
	HWSIM_ATTR_RADIO_ID => 10,
};

# No answer, or one that was not understood.
use constant LOST => -1000;

my ($netlink, $sequence) = (undef, 0);

sub attr { my ($type, $value) = @_; pack('S S a*', 4 + length $value, $type, $value) . "\0" x (-length($value) & 3) }
sub attr32 { attr($_[0], pack 'L', $_[1]) }

# Sends a request. Returns what the kernel says: 0 or more, or an error less than 0; and the
# messages before that.
sub request {
	my ($family, $command, @attrs) = @_;
	unless ($netlink) {
		socket $netlink, AF_NETLINK, SOCK_RAW, NETLINK_GENERIC or die "netlink: $!\n";
		bind $netlink, pack('S S L L', AF_NETLINK, 0, 0, 0) or die "bind: $!\n";
		setsockopt $netlink, SOL_SOCKET, SO_RCVTIMEO, pack('q q', 5, 0);
	}
	my $body = pack('C C S', $command, 1, 0) . join '', @attrs;
	$sequence++;
	# NLM_F_REQUEST and NLM_F_ACK.
	my $message = pack('L S S L L', 16 + length $body, $family, 5, $sequence, 0) . $body;
	defined send $netlink, $message, 0 or return -$!;
	my @answers;
	for (;;) {
		defined recv $netlink, my $buffer, 65536, 0 or return $!{EAGAIN} ? LOST : -$!;
		while (length $buffer >= 16) {
			my ($length, $type, undef, $of) = unpack 'L S S L', $buffer;
			if ($of == $sequence) {
				# NLMSG_ERROR
				return (unpack('x16 l', $buffer), @answers) if $type == 2;
				push @answers, substr $buffer, 20, $length - 20;
			}
			$buffer = length $buffer > $length ? substr $buffer, ($length + 3) & ~3 : '';
		}
	}
}

# The number of a family of generic netlink.
sub family {
	my ($name) = @_;
	# CTRL_CMD_GETFAMILY of GENL_ID_CTRL, with CTRL_ATTR_FAMILY_NAME.
	my ($error, $answer) = request(16, 3, attr(2, "$name\0"));
	die "$name: $error\n" if $error || !defined $answer;
	while (length $answer >= 4) {
		my ($length, $type) = unpack 'S S', $answer;
		# CTRL_ATTR_FAMILY_ID
		return unpack 'x4 S', $answer if $type == 1;
		$answer = substr $answer, ($length + 3) & ~3;
	}
	die "$name has no number\n";
}

sub first_line { my ($name) = @_; open my $file, '<', $name or return; my $line = <$file>; chomp $line if defined $line; $line }

# Does something with the Nth allocation of each of some threads failing, else of this one. Returns its
# result, and whether one has failed.
sub failing {
	my ($n, $f, @threads) = @_;
	my (@readers, @writers);
	for (@threads ? @threads : '/proc/thread-self') {
		# It may be gone.
		open my $reader, '<', "$_/fail-nth" or next;
		open my $writer, '>', "$_/fail-nth" or next;
		push @readers, $reader;
		push @writers, $writer;
	}
	@writers or die "fail-nth: $!\n";
	syswrite $_, $n for @writers;
	my $result = $f->();
	my $failed = 0;
	for (@readers) {
		next unless sysread $_, my $left, 16;
		$failed = 1 if $left == 0;
	}
	syswrite $_, '0' for @writers;
	return ($result, $failed);
}

# The workers of the kernel that are bound to no CPU: all that cfg80211 and mac80211 do later is theirs.
sub workers { grep { (first_line("$_/comm") // '') =~ m{^kworker/u} } glob '/proc/[0-9]*' }

# Does it again and again. $do returns whether it has succeeded, $check what is wrong, with its
# result. With $workers, it is their allocations that fail, up to that one: they have other work, too.
sub fail {
	my ($what, $step, $do, $check, $workers) = @_;
	my $second = 2 + int rand $step;
	my ($n, $beyond, $failures, $errors, $successes) = (1, 0, 0, 0, 0);
	my @wrong;
	while ($beyond < 3) {
		my ($result, $failed) = failing($n, $do, $workers ? workers() : ());
		$failures++ if $failed;
		$failed = 0 if $workers && $n > $workers && $result;
		$beyond = $failed ? 0 : $beyond + 1;
		$result ? $successes++ : $errors++;
		push @wrong, "$n: an error without a failure" if !$result && !$failed;
		push @wrong, map { "$n: $_" } $check->($result);
		$n = $n == 1 ? $second : $n + $step;
	}
	print "$what: 1, and from $second to $n, $failures failures, $errors errors, $successes successes\n";
	print "$_\n" for @wrong;
	# A worker may do without what it has not got.
	exit(@wrong || !($workers ? $failures : $errors) || $successes < 3);
}

# The flags of a network interface; IFF_UP is 1.
sub flags {
	my ($socket, $interface, $up) = @_;
	# SIOCGIFFLAGS, SIOCSIFFLAGS
	my $request = pack 'a16 S x22', $interface, 0;
	ioctl $socket, 0x8913, $request or return;
	my $flags = unpack 'x16 S', $request;
	$request = pack 'a16 S x22', $interface, $up ? $flags | 1 : $flags & ~1;
	return ioctl $socket, 0x8914, $request;
}

# To ask for a network, to wait for so many seconds until it is joined, and to leave it, which returns
# what is wrong.
sub connecting {
	my ($interface, $ssid, $freq) = @_;
	my $family = family('nl80211');
	my $index = first_line("/sys/class/net/$interface/ifindex");
	my $wait = sub {
		my ($want, $seconds) = @_;
		for (1 .. 20 * $seconds) {
			return 1 if (first_line("/sys/class/net/$interface/carrier") // 0) == $want;
			select undef, undef, undef, 0.05;
		}
		return 0;
	};
	return (sub {
		my ($error) = request($family, CMD_CONNECT, attr32(ATTR_IFINDEX, $index),
			attr(ATTR_SSID, $ssid), attr32(ATTR_WIPHY_FREQ, $freq), attr32(ATTR_AUTH_TYPE, 0));
		$error >= 0;
	}, sub { $wait->(1, @_) }, sub {
		request($family, CMD_DISCONNECT, attr32(ATTR_IFINDEX, $index));
		return $wait->(0, 5) ? () : 'still connected';
	});
}

my %failing = (
	radio => sub {
		my ($step, $driver) = @_;
		my $count = sub { scalar(() = glob '/sys/class/ieee80211/*') };
		my $before = $count->();
		my ($do, $undo);
		if ($driver eq 'hwsim_rust') {
			open my $file, '+<', '/sys/kernel/debug/hwsim_rust/radios' or die "radios: $!\n";
			my $number = <$file>;
			$do = sub { defined syswrite $file, $number + 1 };
			$undo = sub { syswrite $file, 0 + $number };
		} else {
			my $family = family('MAC80211_HWSIM');
			my ($id, $last) = (-1, -1);
			$do = sub {
				($id) = request($family, HWSIM_CMD_NEW_RADIO);
				$last = $id if $id >= 0;
				# Made perhaps, but there was no memory to say so.
				$id >= 0 || $count->() > $before;
			};
			$undo = sub {
				for ($id >= 0 ? $id : $last + 1 .. $last + 1000) {
					my ($error) = request($family, HWSIM_CMD_DEL_RADIO, attr32(HWSIM_ATTR_RADIO_ID, $_));
					return unless $error;
				}
			};
		}
		fail('radio', $step, $do, sub {
			my ($made) = @_;
			my $now = $count->() - $before;
			$undo->() if $made;
			my $left = $count->() - $before;
			return ($now == ($made ? 1 : 0) ? () : "$now more radios, result $made",
				$left ? "$left radios are left" : ());
		});
	},
	interface => sub {
		my ($step, $phy) = @_;
		my $family = family('nl80211');
		my $wiphy = first_line("/sys/class/ieee80211/$phy/index");
		my $name = 'fail0';
		socket my $socket, AF_INET, SOCK_DGRAM, 0 or die "socket: $!\n";
		fail('interface', $step, sub {
			my ($error) = request($family, CMD_NEW_INTERFACE, attr32(ATTR_WIPHY, $wiphy),
				attr(ATTR_IFNAME, "$name\0"), attr32(ATTR_IFTYPE, IFTYPE_STATION));
			$error >= 0 && flags($socket, $name, 1);
		}, sub {
			my $index = first_line("/sys/class/net/$name/ifindex");
			return $_[0] ? 'there is none' : () unless defined $index;
			flags($socket, $name, 0) if $_[0];
			my ($error) = request($family, CMD_DEL_INTERFACE, attr32(ATTR_IFINDEX, $index));
			return $error ? "is not removed: $error" : ();
		});
	},
	connect => sub {
		my ($step, @network) = @_;
		my ($request, $connected, $gone) = connecting(@network);
		# What the kernel says counts for the beginning only: the rest is done elsewhere.
		fail('connect', $step, $request, sub {
			my ($begun) = @_;
			$connected->($begun ? 3 : 0.5);
			return $gone->();
		});
	},
	associate => sub {
		my ($step, @network) = @_;
		my ($request, $connected, $gone) = connecting(@network);
		fail('associate', $step, sub { $request->() && $connected->(3) }, $gone, 100);
	},
	transmit => sub {
		my ($step, $address, $interface) = @_;
		socket my $udp, AF_INET, SOCK_DGRAM, 0 or die "socket: $!\n";
		my $to = pack_sockaddr_in(9, inet_aton($address));
		my $packet = packet_socket($interface);
		# Radiotap, and a null function frame to everybody.
		my $frame = pack('C C v V', 0, 0, 8, 0) . "\x48\0\0\0" . "\xff" x 18 . "\0\0";
		fail('transmit', $step, sub {
			my $sent = defined send $udp, 'x' x 100, 0, $to;
			defined send $packet, $frame, 0 and $sent;
		}, sub { });
	},
);

sub packet_socket {
	my ($interface) = @_;
	my $index = first_line("/sys/class/net/$interface/ifindex") or die "no $interface\n";
	my $protocol = unpack 'n', pack 'S', 3;
	socket my $packet, 17, SOCK_RAW, $protocol or die "socket: $!\n";
	bind $packet, pack('S n i S C C x8', 17, 3, $index, 0, 0, 6) or die "bind: $!\n";
	return $packet;
}

# Of LLC: a protocol that nobody listens to.
use constant LLC => "\xaa\xaa\x03\0\0\0\x88\xb5";

# The radiotap header that asks for a rate.
sub asking_for {
	my ($rate) = @_;
	my ($name, @more) = split m{/}, $rate;
	my ($width) = grep { /^\d+$/ } @more;
	my $gi = grep({ $_ eq 'sgi' } @more) ? 4 : 0;
	# Known are MCS, width and guard interval.
	if ($name =~ /^mcs(\d+)$/) {
		return pack 'C C v V C C C', 0, 0, 11, 1 << 19, 7, ($width // 20 == 40 ? 1 : 0) | $gi, $1;
	} elsif ($name =~ /^vht(\d+)x(\d+)$/) {
		my %widths = (20 => 0, 40 => 1, 80 => 4);
		return pack 'C C v V v C C C x7', 0, 0, 20, 1 << 21, 0x44, $gi, $widths{$width // 20}, $1 << 4 | $2;
	}
	return pack 'C C v V C', 0, 0, 9, 1 << 2, $name * 2;
}

# The fields of a radiotap header by their bits: name, size, alignment, and how they are shown.
my %radiotap_fields = (
	0 => ['tsft', 8, 8], 1 => ['flags', 1, 1], 2 => ['rate', 1, 1], 3 => ['channel', 4, 2, 'v v', '%d/%04x'],
	5 => ['signal', 1, 1, 'c', '%d'], 6 => ['noise', 1, 1, 'c', '%d'], 7 => ['lock', 2, 2],
	10 => ['power', 1, 1, 'c', '%d'], 11 => ['antenna', 1, 1], 14 => ['rx_flags', 2, 2],
	15 => ['tx_flags', 2, 2], 16 => ['rts', 1, 1], 17 => ['retries', 1, 1],
	19 => ['mcs', 3, 1, 'C C C', '%02x/%02x/%d'], 20 => ['ampdu', 8, 4], 21 => ['vht', 12, 2],
	22 => ['timestamp', 12, 8], 23 => ['he', 12, 2], 24 => ['he_mu', 12, 2], 26 => ['no_psdu', 1, 1],
	27 => ['lsig', 4, 2],
);

# Its fields in order, each with its name and its bytes, and its length.
sub radiotap {
	my ($packet) = @_;
	my (undef, undef, $length, $present) = unpack 'C C v V', $packet;
	my ($at, @fields) = (8);
	for my $bit (grep { $present >> $_ & 1 } 0 .. 31) {
		my $field = $radiotap_fields{$bit} or die "radiotap: bit $bit\n";
		my ($name, $size, $alignment) = @$field;
		$at += -$at % $alignment;
		push @fields, [$name, substr($packet, $at, $size), @$field[3 .. $#$field]];
		$at += $size;
	}
	die "radiotap: $length bytes, not $at\n" if $length < $at;
	return ($length, @fields);
}

sub show_field {
	my ($name, $bytes, $template, $format) = @_;
	return $name if $name eq 'tsft';
	return "$name=" . (defined $template ? sprintf $format, unpack $template, $bytes : unpack 'H*', $bytes);
}

# What a file of tcpdump has.
sub captured {
	my ($name, $heads) = @_;
	open my $file, '<:raw', $name or die "$name: $!\n";
	read $file, my $begin, 24;
	die "$name: not of radiotap\n" if unpack('x20 V', $begin) != 127;
	my ($offset, $timed, %times) = (undef, 0);
	while (16 == read $file, my $record, 16) {
		my ($seconds, $micros, $size) = unpack 'V V V', $record;
		# It may not be complete yet.
		last if read($file, my $packet, $size) != $size;
		my ($length, @fields) = radiotap($packet);
		my %field = map { @$_[0, 1] } @fields;
		my $frame = substr $packet, $length;
		my $what;
		if (defined $field{tsft}) {
			# It goes as our clock does. The frame may have waited for a slow machine.
			my $time = unpack 'Q<', $field{tsft};
			my $now = $time - $seconds * 1000000 - $micros;
			$offset //= $now;
			print "wrong: TSFT is off by ", $now - $offset, " us\n" if abs($now - $offset) > 10000000;
			$times{$time}++;
			$timed++;
		}
		if ($frame =~ /^\x80/) {
			$what = 'beacon';
			# It arrives when it is sent, which it says itself.
			my $late = defined $field{tsft} ? unpack('Q<', $field{tsft}) - unpack 'x24 Q<', $frame : 0;
			print "wrong: a beacon is $late us late\n" if abs $late > 1000;
		} elsif (index($frame, LLC) == 24) {
			$what = 'at ' . unpack 'x32 Z*', $frame;
		} elsif ($frame =~ /^\x88(.)/s && defined $field{mcs} && !defined $field{tx_flags}) {
			$what = ord($1) & 1 ? 'data to the access point' : 'data from the access point';
			# Rate control is free to choose these.
			$_->[0] eq 'mcs' and $_->[1] = pack 'C C C', unpack('C', $_->[1]), 0, 0 for @fields;
		} else {
			next;
		}
		$heads->{join ' ', (defined $field{tx_flags} ? 'sent' : 'heard'), "$what:", map { show_field(@$_) } @fields} = 1;
	}
	print "wrong: TSFT stands still\n" if $timed > 2 * keys %times;
}

# How many ns it takes to do something, of so many times.
sub per_time {
	my ($number, $do) = @_;
	my $begin = clock_gettime(CLOCK_MONOTONIC);
	$do->();
	return int((clock_gettime(CLOCK_MONOTONIC) - $begin) * 1e9 / $number);
}

my ($command, @arguments) = @ARGV;
if ($command eq 'new') {
	my ($id) = request(family('MAC80211_HWSIM'), HWSIM_CMD_NEW_RADIO);
	die "no radio: $id\n" if $id < 0;
	print "$id\n";
} elsif ($command eq 'del') {
	my ($error) = request(family('MAC80211_HWSIM'), HWSIM_CMD_DEL_RADIO,
		attr32(HWSIM_ATTR_RADIO_ID, $arguments[0]));
	die "not removed: $error\n" if $error;
} elsif ($command eq 'send') {
	my ($address, $tos, $number, $size, $time) = @arguments;
	socket my $udp, AF_INET, SOCK_DGRAM, 0 or die "socket: $!\n";
	my $to = pack_sockaddr_in(9, inet_aton($address));
	my $packet = 'x' x ($size // 100);
	for (split /,/, $tos) {
		setsockopt $udp, 0, 1, pack 'i', hex or die "TOS: $!\n";
		my $took = per_time($number, sub { send $udp, $packet, 0, $to for 1 .. $number });
		print "$took\n" if $time;
	}
} elsif ($command eq 'time') {
	my ($interface, $number, @addresses) = @arguments;
	my ($from, $to) = map { pack 'H12', tr/://dr } @addresses;
	my $packet = packet_socket($interface);
	# Radiotap, and 1000 bytes of a protocol that nobody listens to.
	my $frame = pack('C C v V', 0, 0, 8, 0) . "\x08\x02\0\0$to$from$from\0\0" .
		LLC . 'x' x 1000;
	defined send $packet, $frame, 0 or die "send: $!\n";
	print per_time($number, sub { send $packet, $frame, 0 for 1 .. $number }), "\n";
} elsif ($command eq 'deauth') {
	my ($interface, @addresses) = @arguments;
	my ($from, $to) = map { pack 'H12', tr/://dr } @addresses;
	# The reason is 7, of a station that is not associated.
	my $frame = pack('C C v V', 0, 0, 8, 0) . "\xc0\0\0\0$to$from$from\0\0\x07\0";
	defined send packet_socket($interface), $frame, 0 or die "send: $!\n";
} elsif ($command eq 'rates') {
	my ($interface, @rates) = @arguments;
	my $packet = packet_socket($interface);
	# To everybody.
	my $head = "\x08\x02\0\0" . "\xff" x 6 . "\x06\0\0\0\0\x01" x 2 . "\0\0" . LLC;
	for (@rates) {
		defined send $packet, asking_for($_) . "$head$_\0", 0 or die "send: $!\n";
	}
} elsif ($command eq 'radiotap') {
	my %heads;
	captured($_, \%heads) for @arguments;
	print "$_\n" for sort keys %heads;
} elsif ($command eq 'fail') {
	my ($what, @rest) = @arguments;
	$failing{$what}->(@rest);
} else {
	die "unknown: $command\n";
}
