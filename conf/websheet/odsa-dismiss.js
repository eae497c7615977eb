
(function () {
    /* The not-enabled view and the general-error view: of ODSAServiceFlow dismissFlow alone is permitted (TS.43 6.7). */
    var flow = window.ODSAServiceFlow;
    var button = document.getElementById('close');
    var hint = document.getElementById('by-hand');

    function dismiss() {
        var heard = false;
        if (flow) {
            try {
                flow.dismissFlow();
                heard = true;
            } catch (fault) {
                heard = false;
            }
        }
        return others.end('dismissed') || heard;
    }

    if ((flow || others.known()) && button) {
        button.hidden = false;
        if (hint) {
            hint.hidden = true;
        }
        button.onclick = function () {
            if (!dismiss() && hint) {
                hint.hidden = false;
            }
        };
    }
}());
