
(function () {
    /* What phones put into the page to be told of its end: all that are there are called, without arguments. */
    var objects = [
        { name: 'VoWiFiWebServiceFlow', changed: ['entitlementChanged'], dismissed: ['dismissFlow'] },
        { name: 'WiFiCallingWebViewController',
          changed: ['phoneServicesAccountStatusChanged', 'CloseWebView'],
          dismissed: ['cancelButtonPressed', 'cancelButtonClicked'] },
        { name: 'ODSAServiceFlow', changed: ['finishFlow'], dismissed: ['dismissFlow'] },
        { name: 'DataBoostWebServiceFlow', changed: ['dismissFlow'], dismissed: ['dismissFlow'] }
    ];

    function end(outcome) {
        var called = false, i, k, object, names;
        for (i = 0; i < objects.length; i++) {
            object = window[objects[i].name];
            names = objects[i][outcome];
            for (k = 0; object && names && k < names.length; k++) {
                try {
                    if (typeof object[names[k]] !== 'undefined') {
                        object[names[k]]();
                        called = true;
                    }
                } catch (fault) {
                    /* The next one may work. */
                }
            }
        }
        return called;
    }

    function known() {
        var i;
        for (i = 0; i < objects.length; i++) {
            if (window[objects[i].name]) {
                return true;
            }
        }
        return false;
    }

    var outcome = document.getElementById('outcome');
    var hint = document.getElementById('by-hand');
    var button = document.getElementById('close');
    var summary = document.getElementById('summary');

    if (summary) {
        summary.focus();
    }
    if (button && known()) {
        button.hidden = false;
        button.onclick = function () {
            end('dismissed');
        };
    }
    if (outcome && end(outcome.getAttribute('data-outcome')) && hint) {
        hint.hidden = true;
    }
}());
