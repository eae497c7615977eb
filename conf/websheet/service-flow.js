
(function () {
    /* Pages of a service: the object of that service hears of the end with what TS.43 9.6, 11.6 and 15.4 give it;
       a page that asks something tells nobody anything. */
    var page = document.getElementById('flow');
    var kind = page ? page.getAttribute('data-flow') : '';
    var outcome = page ? page.getAttribute('data-outcome') || '' : '';
    var READING_MS = 20000; /* the reason of a failure stays that long: phones close the page when they hear of it */

    function value(name) {
        return page.getAttribute('data-' + name) || '';
    }

    function changed(flow) { flow.entitlementChanged(); }
    function dismissed(flow) { flow.dismissFlow(); }

    var flows = {
        boost: {
            object: 'DataBoostWebServiceFlow',
            purchased: function (flow) {
                try {
                    flow.notifyPurchaseSuccessful(Number(value('duration')));
                } catch (fault) {
                    flow.notifyPurchaseSuccessful(); /* of phones whose function takes nothing */
                }
            },
            failed: function (flow) { flow.notifyPurchaseFailed(Number(value('code')), value('reason')); },
            dismissed: dismissed
        },
        billing: { object: 'DCBWebServiceFlow', changed: changed, dismissed: dismissed },
        satmode: { object: 'SatModeWebServiceFlow', changed: changed, dismissed: dismissed }
    };
    /* Objects of phones that opened a page of another kind: all that are there hear of the end, without arguments. */
    var others = [
        { object: 'VoWiFiWebServiceFlow', changed: ['entitlementChanged'], dismissed: ['dismissFlow'] },
        { object: 'WiFiCallingWebViewController',
          changed: ['phoneServicesAccountStatusChanged', 'CloseWebView'],
          dismissed: ['cancelButtonPressed', 'cancelButtonClicked'] },
        { object: 'ODSAServiceFlow', changed: ['finishFlow'], dismissed: ['dismissFlow'] },
        { object: 'DataBoostWebServiceFlow', changed: ['dismissFlow'], dismissed: ['dismissFlow'] },
        { object: 'DCBWebServiceFlow', changed: ['entitlementChanged'], dismissed: ['dismissFlow'] },
        { object: 'SatModeWebServiceFlow', changed: ['entitlementChanged'], dismissed: ['dismissFlow'] }
    ];
    var flow = flows[kind];
    var told = false;

    function call(what) {
        try {
            what();
            return true;
        } catch (fault) {
            return false; /* the sentence for those without the object stays */
        }
    }

    function tellOther(other, names) {
        var object = window[other.object], heard = false, i;

        for (i = 0; object && i < names.length; i++) {
            if (typeof object[names[i]] !== 'undefined') {
                heard = call(function () { object[names[i]](); }) || heard;
            }
        }
        return heard;
    }

    function isChange(what) {
        return what === 'changed' || what === 'purchased';
    }

    function tell(what) {
        var own = flow ? window[flow.object] : null, heard = false, i;

        if (told) {
            return true;
        }
        if (own) {
            heard = call(function () { flow[what](own); });
        }
        for (i = 0; i < others.length; i++) {
            if (!flow || others[i].object !== flow.object) {
                heard = tellOther(others[i], others[i][isChange(what) ? 'changed' : 'dismissed']) || heard;
            }
        }
        told = heard;
        return heard;
    }

    function isKnown() {
        var i;
        for (i = 0; i < others.length; i++) {
            if (window[others[i].object]) {
                return true;
            }
        }
        return false;
    }

    var hint = document.getElementById('by-hand');
    var button = document.getElementById('close');
    var isRead = outcome === 'failed' || !outcome; /* by somebody, before the phone hears of it */

    function end(what) {
        var heard = tell(what);

        if (hint) {
            hint.hidden = heard;
        }
    }

    if (outcome && !isRead && (!flow || flow[outcome])) {
        end(outcome);
    }
    if (button && isRead && isKnown()) {
        button.hidden = false;
        if (hint) {
            hint.hidden = true;
        }
        button.onclick = function () {
            end(outcome || 'dismissed');
        };
    }
    if (outcome === 'failed') {
        window.setTimeout(function () { end(outcome); }, READING_MS);
    }
}());
