
(function () {
    /* Pages of the subscription view: all functions of the object may be called (TS.43 6.7). */
    var page = document.getElementById('odsa');
    var flow = window.ODSAServiceFlow;
    var outcome = page ? page.getAttribute('data-outcome') : '';

    function has(name) {
        return flow && typeof flow[name] !== 'undefined';
    }

    function value(name) {
        return page.getAttribute('data-' + name) || '';
    }

    var ends = {
        ready: function () {
            if (value('code') && has('profileReadyWithActivationCode')) {
                flow.profileReadyWithActivationCode(value('code'));
            } else if (value('smdp') && has('profileReadyWithDefaultSmdp')) {
                flow.profileReadyWithDefaultSmdp(value('smdp'), value('iccid'));
            }
            flow.finishFlow();
        },
        delayed: function () { flow.finishFlow(); },
        done: function () { flow.finishFlow(); },
        selected: function () {
            if (has('SelectionCompleted')) {
                flow.SelectionCompleted(value('iccid'), value('imei'));
            } else {
                flow.finishFlow('ManageSubscription');
            }
        },
        'delete': function () {
            if (has('deleteProfileInUse')) {
                flow.deleteProfileInUse(value('iccid'), value('msisdn'));
            }
        },
        dismissed: function () { flow.dismissFlow(); }
    };
    /* What the objects that know nothing of eSIMs hear; nothing while the flow goes on. */
    var ended = { ready: 'changed', delayed: 'changed', done: 'changed', selected: 'changed', dismissed: 'dismissed' };

    function call(what) {
        try {
            what();
            return true;
        } catch (fault) {
            return false; /* the sentence for those without the object stays */
        }
    }

    var hint = document.getElementById('by-hand');
    var button = document.getElementById('close');
    var summary = document.getElementById('summary');

    if (summary) {
        summary.focus();
    }
    var heard = !!(flow && ends[outcome] && call(ends[outcome]));

    if (ended[outcome]) {
        heard = others.end(ended[outcome]) || heard;
    }
    if (heard && hint) {
        hint.hidden = true;
    }
    if ((flow || others.known()) && button) {
        button.hidden = false;
        button.onclick = function () {
            if (flow) {
                call(ends.dismissed);
            }
            others.end('dismissed');
        };
    }
}());
