# SPDX-License-Identifier: GPL-2.0
# inject.pl INTERFACE SECONDS SEED ADDRESS...: sends what are no frames, or nearly, for so long. To a
# monitor interface: bytes at random; headers that begin as they should, from and to these addresses;
# frames that were heard before, cut, with other bytes, and with other elements. To another interface:
# Ethernet frames, cut or too long, and bytes at random.
use strict;
use warnings;
use Socket;
use Time::HiRes 'time';

use constant { AF_PACKET => 17, ETH_P_ALL => 3, ARPHRD_ETHER => 1 };

my ($interface, $seconds, $seed, @addresses) = @ARGV;
my @macs = map { pack 'H12', tr/://dr } @addresses;
push @macs, "\xff" x 6;

sub number { my ($name) = @_; open my $file, '<', "/sys/class/net/$interface/$name" or die "$name: $!\n"; 0 + <$file> }

my $index = number('ifindex');
my $is_ethernet = number('type') == ARPHRD_ETHER;
socket my $socket, AF_PACKET, SOCK_RAW, unpack('n', pack 'S', ETH_P_ALL) or die "socket: $!\n";
my $address = pack 'S n i S C C x8', AF_PACKET, ETH_P_ALL, $index, 0, 0, 6;
bind $socket, $address or die "bind: $!\n";

srand $seed;
sub bytes { join '', map { chr int rand 256 } 1 .. shift }
sub pick { $_[rand @_] }
sub length_of { int rand(rand() < 0.9 ? 120 : 2400) }

# A few frames that were heard, without the radiotap header and the checksum, the last ones.
my @heard;

sub hear {
	while (defined recv $socket, my $frame, 4096, MSG_DONTWAIT) {
		my (undef, undef, $length) = unpack 'C C v', $frame;
		next if length $frame < 4 || $length >= length $frame;
		push @heard, substr $frame, $length;
		shift @heard if @heard > 64;
	}
}

# The elements that follow the first $at bytes, in another order, of other lengths, some twice.
sub mutated_elements {
	my ($frame, $at) = @_;
	return $frame if length $frame <= $at;
	my ($head, $rest) = (substr($frame, 0, $at), substr $frame, $at);
	my @elements;
	while (length $rest >= 2) {
		my ($id, $length) = unpack 'C C', $rest;
		push @elements, substr $rest, 0, 2 + $length;
		$rest = length $rest > 2 + $length ? substr $rest, 2 + $length : '';
	}
	for (0 .. rand 3) {
		my $element = \$elements[rand @elements];
		next unless defined $$element && length $$element >= 2;
		my $how = int rand 6;
		if ($how == 0) { substr $$element, 1, 1, bytes(1) }
		elsif ($how == 1) { substr $$element, 0, 1, bytes(1) }
		elsif ($how == 2) { $$element = substr $$element, 0, int rand length $$element }
		elsif ($how == 3) { $$element x= 2 }
		elsif ($how == 4) { substr $$element, int rand length $$element, 1, bytes(1) }
		# An extended element.
		else { my $body = bytes(int rand 255); $$element = pack 'C C a*', 255, length $body, $body }
	}
	@elements = sort { rand() <=> 0.5 } @elements if rand() < 0.1;
	return $head . join '', map { $_ // '' } @elements;
}

# A frame to send, without the radiotap header.
sub frame {
	my $how = rand;
	if ($how < 0.6 && @heard) {
		my $frame = pick(@heard);
		my $what = rand;
		# From the elements of a beacon or a probe response, or of an association or a probe request.
		if ($what < 0.4) { $frame = mutated_elements($frame, pick(36, 28, 24, 30)) }
		elsif ($what < 0.7) { $frame = substr $frame, 0, int rand length $frame }
		else { substr $frame, int rand length $frame, 1, bytes(1) for 0 .. rand 4 }
		# To and from somebody who listens.
		for my $at (4, 10, 16) {
			substr $frame, $at, 6, pick(@macs) if rand() < 0.5 && length $frame >= $at + 6;
		}
		return $frame;
	}
	return bytes(length_of()) if $how < 0.7;
	# A management or data frame, whatever its subtype.
	my $control = chr((rand() < 0.7 ? 0x00 : 0x08) | int(rand 16) << 4);
	return $control . bytes(3) . join('', map { pick(@macs) } 1 .. 3) . bytes(2) . bytes(length_of());
}

sub ethernet {
	my $frame = bytes(length_of());
	return $frame if rand() < 0.2;
	$frame = pick(@macs) . $macs[0] . pick("\x08\x00", "\x88\x8e", "\x86\xdd", bytes(2)) . $frame;
	return rand() < 0.3 ? substr $frame, 0, int rand 16 : $frame;
}

my ($sent, $number, $end) = (0, 0, time + $seconds);
while (time < $end) {
	my $packet;
	if ($is_ethernet) {
		$packet = ethernet();
	} else {
		hear();
		# Radiotap without anything in it, or with fields that are not there.
		$packet = (rand() < 0.9 ? pack('C C v V', 0, 0, 8, 0) : bytes(int rand 16)) . frame();
	}
	$number++;
	$sent++ if defined send $socket, $packet, 0;
}
print "$interface, seed $seed: $sent of $number frames were taken\n";
exit($sent == 0);
