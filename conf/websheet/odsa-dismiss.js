
(function () {
    /* The not-enabled view and the general-error view: dismissFlow alone is permitted (TS.43 6.7). */
    var flow = window.ODSAServiceFlow;
    var button = document.getElementById('close');
    var hint = document.getElementById('by-hand');

    if (flow && button) {
        button.hidden = false;
        if (hint) {
            hint.hidden = true;
        }
        button.onclick = function () {
            try {
                flow.dismissFlow();
            } catch (fault) {
                if (hint) {
                    hint.hidden = false;
                }
            }
        };
    }
}());
