#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A short message centre for tests, on Net::SMPP as an independent reader and writer of SMPP 3.4.
#
# smsc.pl [--bind-status N] [--silent-bind] [--nack-bind] [--mute] [--throttle N] [--silent-unbind]
#     --bind-status N   every bind is refused with status N      --silent-bind  no bind is answered
#     --nack-bind       a bind gets generic_nack                 --throttle N   the first N submits get status 88
#     --mute            enquire_link is not answered             --silent-unbind  nor is unbind
# Prints "port N" when it listens on 127.0.0.1, then one line for each packet; ends when its input is closed.
# What happens to a submit_sm is chosen by the begin of the destination:
#     999N...  response with status N (decimal)         888  no response          777  the connection is closed
#     776  unbind instead of a response                 775  bytes that are no SMPP
#     774N generic_nack with status N                   773  requests of its own first, then the response
#     772  response in single bytes                     771  unknown and malformed packets first, then the response
#     666  responses are held back until nothing comes for 150 ms, then given in reverse order
#     anything else: response with status 0
use strict;
use warnings;
use IO::Select;
use Net::SMPP;

my ($bind_status, $silent, $nack, $mute, $deaf, $throttle) = (0, 0, 0, 0, 0, 0);
while (defined(my $word = shift @ARGV)) {
    if ($word eq '--bind-status') { $bind_status = shift @ARGV }
    elsif ($word eq '--silent-bind') { $silent = 1 }
    elsif ($word eq '--nack-bind') { $nack = 1 }
    elsif ($word eq '--silent-unbind') { $deaf = 1 }
    elsif ($word eq '--mute') { $mute = 1 }
    elsif ($word eq '--throttle') { $throttle = shift @ARGV }
    else { die "what is $word?\n" }
}
$SIG{CHLD} = 'IGNORE';
$SIG{PIPE} = 'IGNORE';
$| = 1;

sub say_line { syswrite STDOUT, join(' ', @_) . "\n" }

# A whole packet with any command; Net::SMPP has no call for wrong ones.
sub raw {
    my ($peer, $id, $status, $seq, $body) = @_;
    syswrite $peer, pack('NNNN', 16 + length $body, $id, $status, $seq) . $body;
}

sub submit_line {
    my ($pdu) = @_;
    my @fields = map { "$_=$pdu->{$_}" } qw(source_addr_ton source_addr_npi source_addr dest_addr_ton dest_addr_npi
        destination_addr esm_class data_coding validity_period registered_delivery);
    say_line('submit', @fields, 'short_message=' . unpack('H*', $pdu->{short_message}));
}

sub ask_things {
    my ($peer) = @_;
    $peer->enquire_link(seq => 5001, async => 1);
    $peer->deliver_sm(seq => 5002, async => 1, source_addr => '491700000001', destination_addr => '1', esm_class => 4,
        short_message => 'id:1 sub:001 dlvrd:001 stat:DELIVRD err:000');
    $peer->data_sm(seq => 5003, async => 1, source_addr => '1', destination_addr => '2');
    $peer->query_sm(seq => 5004, async => 1, message_id => 'x', source_addr => '1');
    $peer->alert_notification(seq => 5005, async => 1, source_addr => '1', esme_addr => '2');
}

# False when the connection ends.
sub submitted {
    my ($peer, $pdu, $held) = @_;
    my $to = $pdu->{destination_addr};
    my $seq = $pdu->{seq};
    submit_line($pdu);
    if ($throttle > 0) { $throttle--; raw($peer, 0x80000004, 88, $seq, ''); return 1 }
    if ($to =~ /^999(\d+)/) { raw($peer, 0x80000004, $1, $seq, ''); return 1 }
    if ($to =~ /^774(\d+)/) { raw($peer, 0x80000000, $1, $seq, ''); return 1 }
    if ($to =~ /^888/) { return 1 }
    if ($to =~ /^777/) { return 0 }
    if ($to =~ /^776/) { $peer->unbind(seq => 5006, async => 1); return 1 }
    if ($to =~ /^775/) { syswrite $peer, "HTTP/1.1 400 Bad Request\r\n\r\n"; return 1 }
    if ($to =~ /^666/) { push @$held, $seq; return 1 }
    if ($to =~ /^773/) { ask_things($peer) }
    if ($to =~ /^771/) {
        raw($peer, 0x00000099, 0, 5007, '');
        raw($peer, 0x00000005, 0, 5008, 'no end of this string');
        raw($peer, 0x80000099, 0, 5009, '');
        raw($peer, 0x80000004, 0, 123456, "nobody\0");
    }
    if ($to =~ /^772/) {
        my $bytes = pack('NNNN', 20, 0x80000004, 0, $seq) . "abc\0";
        for my $byte (split //, $bytes) { syswrite $peer, $byte; select undef, undef, undef, 0.002 }
        return 1;
    }
    $peer->submit_sm_resp(seq => $seq, message_id => "m$seq", status => 0);
    return 1;
}

sub bound {
    my ($peer, $pdu) = @_;
    say_line('bind', map { "$_=$pdu->{$_}" } qw(cmd system_id password system_type interface_version));
    return if $silent;
    return raw($peer, 0x80000000, 3, $pdu->{seq}, '') if $nack;
    if ($bind_status) { raw($peer, 0x80000009, $bind_status, $pdu->{seq}, '') }
    else { $peer->bind_transceiver_resp(seq => $pdu->{seq}, system_id => 'SMSC', status => 0) }
}

sub serve {
    my ($peer) = @_;
    my $ready = IO::Select->new($peer);
    my @held;
    while (1) {
        if (@held && !$ready->can_read(0.15)) {
            say_line('held', scalar @held);
            $peer->submit_sm_resp(seq => $_, message_id => "m$_", status => 0) for reverse @held;
            @held = ();
        }
        my $pdu = $peer->read_pdu() or last;
        my $cmd = $pdu->{cmd};
        if ($cmd == 9) { bound($peer, $pdu) }
        elsif ($cmd == 4) { submitted($peer, $pdu, \@held) or last }
        elsif ($cmd == 0x15) { say_line('enquire_link'); $peer->enquire_link_resp(seq => $pdu->{seq}) unless $mute }
        elsif ($cmd == 6) { say_line('unbind'); next if $deaf; $peer->unbind_resp(seq => $pdu->{seq}); last }
        elsif ($cmd & 0x80000000) { say_line(sprintf('response id=%08x status=%d seq=%d', $cmd, $pdu->{status}, $pdu->{seq})) }
        else { say_line(sprintf('request id=%08x', $cmd)) }
    }
    say_line('closed');
}

open STDERR, '>', '/dev/null'; # Net::SMPP warns of every end of a connection
my $listener = Net::SMPP->new_listen('127.0.0.1', port => 0, listen => 10, enquire_interval => 0, smpp_version => 0x34)
    or die "cannot listen\n";
say_line('port', $listener->sockport);
my $select = IO::Select->new($listener, \*STDIN);
my @children;
while (1) {
    for my $handle ($select->can_read) {
        if ($handle == \*STDIN) {
            my $n = sysread STDIN, my $bytes, 100;
            next if $n;
            kill 'KILL', @children;
            exit 0;
        }
        my $peer = $listener->accept or next;
        my $child = fork;
        if (!$child) {
            serve($peer);
            exit 0;
        }
        push @children, $child;
        close $peer;
    }
}
