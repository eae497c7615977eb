
var others = (function () {
    /* Objects of phones that know other pages: all that are there hear of the end, too, without arguments. */
    var objects = [
        { name: 'VoWiFiWebServiceFlow', changed: ['entitlementChanged'], dismissed: ['dismissFlow'] },
        { name: 'WiFiCallingWebViewController',
          changed: ['phoneServicesAccountStatusChanged', 'CloseWebView'],
          dismissed: ['cancelButtonPressed', 'cancelButtonClicked'] },
        { name: 'DataBoostWebServiceFlow', changed: ['dismissFlow'], dismissed: ['dismissFlow'] }
    ];

    return {
        known: function () {
            var i;
            for (i = 0; i < objects.length; i++) {
                if (window[objects[i].name]) {
                    return true;
                }
            }
            return false;
        },
        /* True: somebody has heard it. */
        end: function (outcome) {
            var called = false, i, k, object, names;
            for (i = 0; i < objects.length; i++) {
                object = window[objects[i].name];
                names = objects[i][outcome];
                for (k = 0; object && k < names.length; k++) {
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
    };
}());
